import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '../../../sdk/artifacts/types.ts';
import type { Requirements } from '../../support/python-env.ts';
import type { Asked } from './ask-dbt.ts';
import type { Answers } from './questions.ts';
import { applyPatch, type MapPatch, type MapsOfManifest, patchOf, trimmed } from './trimmed-manifest.ts';

interface Recording {
  /** The manifest of the project as it stands. */
  readonly before: Manifest;
  /** What `state:old` lists when nothing is edited. */
  readonly listed: readonly string[];
  readonly edits: Readonly<
    Record<string, { readonly now: ManifestPatch; readonly answers: RecordedAnswers }>
  >;
}

type ManifestPatch = Readonly<Partial<Record<MapsOfManifest, MapPatch>>>;

/** A long list is recorded as what it lacks, and has more, than `Recording.listed`. */
type RecordedAnswers = Readonly<
  Record<string, Answers[string] | { readonly without: readonly string[]; readonly with: readonly string[] }>
>;

export async function readRecording(requirements: Requirements): Promise<Asked> {
  const recording = JSON.parse(await readFile(pathOf(requirements), 'utf8')) as Recording;
  const edits = Object.entries(recording.edits).map(([name, { now, answers }]) => {
    const lists = Object.entries(answers).map(([question, answer]) => {
      if (!('without' in answer)) return [question, answer];
      const kept = recording.listed.filter((uniqueId) => !answer.without.includes(uniqueId));
      return [question, [...kept, ...answer.with].sort()];
    });
    return [
      name,
      { now: applyPatch(recording.before, now), answers: Object.fromEntries(lists) as Answers },
    ] as const;
  });
  return { before: recording.before, edits: new Map(edits) };
}

export async function writeRecording(requirements: Requirements, asked: Asked): Promise<void> {
  const listed = asked.edits.get('nothing')?.answers['old'];
  if (!Array.isArray(listed)) throw new Error('The edit “nothing” has no answer to state:old');
  const before = trimmed(asked.before);
  const edits = [...asked.edits].map(([name, { now, answers }]) => {
    const recorded = Object.entries(answers).map(([question, answer]) => {
      if (!Array.isArray(answer) || answer.length < 10) return [question, answer];
      const without = listed.filter((uniqueId) => !answer.includes(uniqueId));
      const more = answer.filter((uniqueId) => !listed.includes(uniqueId));
      return [question, { without, with: more }];
    });
    return `${JSON.stringify(name)}: ${JSON.stringify({
      now: patchOf(before, trimmed(now)),
      answers: Object.fromEntries(recorded),
    })}`;
  });
  const fields = [
    `"before": ${JSON.stringify(before)}`,
    `"listed": ${JSON.stringify(listed)}`,
    `"edits": {\n${edits.join(',\n')}\n}`,
  ];
  await writeFile(pathOf(requirements), `{\n${fields.join(',\n')}\n}\n`);
}

function pathOf(requirements: Requirements): string {
  return fileURLToPath(new URL(`../../fixtures/state-modified/${requirements}.json`, import.meta.url));
}
