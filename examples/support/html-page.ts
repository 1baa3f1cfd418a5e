import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import markdownIt from 'markdown-it';

/** A page that needs no other file: the markdown as GitHub shows it, light or dark as the reader's system is. */
export async function htmlPage(title: string, markdown: string): Promise<string> {
  const css = await readFile(
    fileURLToPath(import.meta.resolve('github-markdown-css/github-markdown.css')),
    'utf8',
  );
  const body = markdownIt({ html: true, linkify: false }).render(markdown);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>
${css}
:root { color-scheme: light dark; }
body { margin: 0; background: #ffffff; }
.markdown-body { box-sizing: border-box; max-width: 900px; margin: 0 auto; padding: 24px; }
@media (prefers-color-scheme: dark) { body { background: #0d1117; } }
</style>
</head>
<body>
<article class="markdown-body">
${body}</article>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
