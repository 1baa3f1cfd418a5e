import MarkdownIt from 'markdown-it';
import { describe, expect, test } from 'vitest';
import {
  code,
  codeBlock,
  codeInCell,
  codeInHtml,
  details,
  link,
  linkInHtml,
  prose,
  row,
  tableHead,
  text,
} from '../../../sdk/summary/markdown.ts';

const markdown = new MarkdownIt({ html: true, linkify: false });

/** What a reader sees: the page without its tags. */
function seen(html: string): string {
  return html
    .replace(/<[^>]*>/g, '')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')
    .replaceAll('\u200B', '')
    .trim();
}

describe('text', () => {
  test.each([
    'plain words',
    'stg_orders',
    '_emphasis_ and __strong__',
    '*a* **b** ***',
    '`code` and ``code``',
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<!-- comment -->',
    '&lt;b&gt; &amp;amp; &#60;',
    '![x](http://evil/p.png)',
    '[x](javascript:alert(1))',
    '[x][y]',
    '<http://evil>',
    'a | b || c \\| d',
    '# heading',
    '- item',
    '+ item',
    '1. item',
    '12) item',
    '> quote',
    '---',
    '===',
    '~~gone~~',
    '$x$ $$y$$',
    'back\\slash \\* \\',
    '::error::x',
    ':emoji:',
    'a "quote" and \'another\'',
    '100% of 3/4?',
    '👩‍💻 größe 表',
  ])('%j is shown as it is, and is nothing but text', (raw) => {
    const html = markdown.render(text(raw));
    expect(html).toMatch(/^<p>[^<]*<\/p>\n$/);
    expect(seen(html)).toBe(raw);
    expect(text(raw)).not.toMatch(/^\s*::/);
  });

  test.each([
    ['@octocat', '@&#8203;octocat'],
    ['mail a@b.example', 'mail a@&#8203;b.example'],
    ['see #123', 'see #&#8203;123'],
    ['o/r#1', 'o/r#&#8203;1'],
    ['GH-12', 'GH-&#8203;12'],
    ['https://evil.example', 'https&#58;//evil.example'],
    ['www.evil.example', 'www&#46;evil.example'],
    ['mailto:a', 'mailto&#58;a'],
  ])('%j becomes neither link nor mention', (raw, expected) => {
    expect(text(raw)).toBe(expected);
  });

  test('is always one line', () => {
    expect(text('a\n\n# b\r\nc')).toBe('a # b c');
  });
});

test('prose shows what is between backticks as code, and is as safe', () => {
  expect(prose('Set `dbt: .venv` *now*')).toBe('Set `dbt: .venv` &#42;now&#42;');
  expect(prose('one ` alone <b>')).toBe('one &#96; alone &lt;b&gt;');
  expect(markdown.render(prose('``` `<b>` ``` `x'))).not.toContain('<b>');
});

describe('code', () => {
  test.each([
    'a',
    '`',
    '``',
    'a`b',
    '`a`',
    '``a```b`',
    '<script>',
    'a|b',
    '\\',
    'a\\|b',
    '*x*',
    '| `a` |',
    '&lt;',
  ])('%j is shown as it is, in a paragraph and in a cell', (raw) => {
    expect(markdown.render(code(raw))).toMatch(/^<p><code>[^<]*<\/code><\/p>\n$/);
    expect(seen(markdown.render(code(raw)))).toBe(raw);
    const table = markdown.render(
      tableHead([{ title: 'a' }, { title: 'b' }]) + row([codeInCell(raw), 'end']) + row([text(raw), 'end']),
    );
    expect(table.match(/<td/g)).toHaveLength(4);
    const cells = [...table.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, cell]) => seen(cell ?? ''));
    expect(cells).toEqual([raw, 'end', raw, 'end']);
  });

  test('nothing is nothing', () => {
    expect(code(' \n ')).toBe('');
  });

  test.each(['```', '```\n# out', '~~~', '````x````', 'a\n</details>\n\n# b', '::error::x', '  ::error::x'])(
    'no block is left by %j',
    (raw) => {
      const tokens = markdown.parse(`${codeBlock(raw)}after`, {});
      expect(tokens.map(({ type }) => type)).toEqual([
        'fence',
        'paragraph_open',
        'inline',
        'paragraph_close',
      ]);
      expect(codeBlock(raw)).not.toMatch(/^\s*::/m);
    },
  );

  test('a block holds its lines as they are', () => {
    expect(markdown.parse(codeBlock('a <b>\n  c `d`', 'text'), {})[0]?.content).toBe('a <b>\n  c `d`\n');
  });
});

test('inside a summary nothing is markup and nothing is lost', () => {
  for (const raw of ['</summary><script>x</script>', '`a` *b*', 'a | b', '&lt;', '[x](y)']) {
    const html = markdown.render(details(codeInHtml(raw), 'inner *text*'));
    expect(html.match(/<[a-z/]+/g)).toEqual([
      '<details',
      '<summary',
      '<code',
      '</code',
      '</summary',
      '<p',
      '<em',
      '</em',
      '</p',
      '</details',
    ]);
    expect(
      seen(
        /<code>(.*)<\/code>/.exec(html)?.[1]?.replace(/&#(\d+);/g, (_, n) => String.fromCharCode(n)) ?? '',
      ),
    ).toBe(raw);
  }
});

describe('links', () => {
  test.each(['javascript:alert(1)', 'data:text/html,x', '//evil', 'ftp://x', '', 'https://', ' https://x'])(
    '%j is no address',
    (url) => {
      expect(link('x', url)).toBe('x');
      expect(linkInHtml('x', url)).toBe('x');
    },
  );

  test('an address cannot leave its place', () => {
    const url = 'https://host/a b/(c)|[d]"\'<e>`f`\\g\n#L3';
    const html = markdown.render(tableHead([{ title: 'x' }]) + row([link('`l`', url)]));
    expect(html.match(/<td/g)).toHaveLength(1);
    expect(html).toContain('href="https://host/a%20b/%28c%29%7C%5Bd%5D%22%27%3Ce%3E%60f%60%5Cg%20#L3"');
    expect(linkInHtml('l', 'https://h/?a=1&b="')).toBe('<a href="https://h/?a=1&amp;b=%22">l</a>');
  });
});
