import { describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../../../sdk/plan/command-line.ts';
import type { EngineKind } from '../../../../sdk/plan/engine-kind.ts';
import { type SlimInput, slimArguments } from '../../../../sdk/plan/slim/slim-arguments.ts';
import { splitWords } from '../../../../sdk/plan/split-words.ts';

type More = Partial<Omit<SlimInput, 'args' | 'commandLine'>>;

/** The arguments as a shell would split them, with the selectors S and T. */
function slim(line: string, { engine = 'core', ...more }: More = {}) {
  const args = splitWords(line);
  return slimArguments({
    ...{
      args,
      commandLine: parseCommandLine(args, engine),
      engine,
      dbtVersion: '1.12.6',
      stateDir: '/state',
    },
    ...{ selectors: ['S', 'T'], alone: [], defaultSelector: { kind: 'none' } },
    ...more,
  });
}

function argsOf(line: string, more: More = {}): readonly string[] {
  const made = slim(line, more);
  if (made.kind !== 'slim') throw new Error(JSON.stringify(made));
  return made.args;
}

function refusalOf(line: string, more: More = {}) {
  const made = slim(line, more);
  if (made.kind !== 'refused') throw new Error(JSON.stringify(made));
  return { message: made.error.message, code: made.error.code, hint: made.error.hint };
}

const AB = '--select a,S a,T b,S b,T --state /state --defer';

describe('the selection', () => {
  test.each<readonly [given: string, made: string]>([
    ['build', 'build --select S T --state /state --defer'],
    ['build --select a', 'build --select a,S a,T --state /state --defer'],
    ['build --select a b', `build ${AB}`],
    ['build --select "a b"', `build ${AB}`],
    ['build --select "a  b"', `build ${AB}`],
    ['build --select=a b', `build ${AB}`],
    ['build --select a --select b', `build ${AB}`],
    ['build -s a b', `build ${AB}`],
    ['build -sa b', `build ${AB}`],
    ['build -m a --models b', `build ${AB}`],
    ['build --model a -s b', `build ${AB}`],
    ['build -qxs a b', `build ${AB} -qx`],
    ['build -fs a b --threads 2', `build ${AB} -f --threads 2`],
    ['build --threads 2 --select a b -x', `build ${AB} --threads 2 -x`],
    ['build --select a,b', 'build --select a,b,S a,b,T --state /state --defer'],
    ['build -s +a+1 @tag:x', 'build --select +a+1,S +a+1,T @tag:x,S @tag:x,T --state /state --defer'],
    ['build --exclude c d', 'build --select S T --state /state --defer --exclude c d'],
    ['build --exclude c --select a b --exclude=d', `build ${AB} --exclude c --exclude=d`],
    [
      'build --resource-type model --indirect-selection empty',
      'build --select S T --state /state --defer --resource-type model --indirect-selection empty',
    ],
    // One of click's own: an option ends --select, a word does not.
    ['build --select a --full-refresh b', 'build --select a,S a,T --state /state --defer --full-refresh b'],
    ['--no-use-colors build --select a b', `--no-use-colors build ${AB}`],
    ['--project-dir build build -s a b --vars "{a: 1}"', `--project-dir build build ${AB} --vars "{a: 1}"`],
    ['build -x -- --select c', 'build --select S T --state /state --defer -x -- --select c'],
    ['-- build --select a b', `-- build ${AB}`],
    ['ls --output json', 'ls --select S T --state /state --defer --output json'],
  ])('%s', (given, made) => {
    expect(argsOf(given)).toEqual(splitWords(made));
  });

  test('of nothing stays one of nothing', () => {
    expect(argsOf('build --select ""')).toEqual(['build', '--select', '', '--state', '/state', '--defer']);
  });

  test('of models alone, which list of dbt Core knows, stays one', () => {
    expect(argsOf('ls -m a')).toEqual(splitWords('ls --models a,S a,T --state /state --defer'));
    expect(argsOf('ls -m a', { engine: 'fusion' })).toEqual(
      splitWords('ls --select a,S a,T --state /state --defer'),
    );
    // dbt says that these two exclude each other.
    expect(argsOf('ls --models a --select b')).toEqual(
      splitWords('ls --models a,S a,T --select b,S b,T --state /state --defer'),
    );
  });

  test('is narrowed to single nodes as well', () => {
    const more = { selectors: ['S'], alone: ['orders+'] };
    expect(argsOf('build', more)).toEqual(splitWords('build --select S orders+ --state /state --defer'));
    expect(argsOf('build -s a', more)).toEqual(
      splitWords('build --select a,S a,orders+ --state /state --defer'),
    );
  });

  test('stays as it is where nothing narrows it', () => {
    const more = { selectors: [] };
    expect(argsOf('build', more)).toEqual(splitWords('build --state /state --defer'));
    expect(argsOf('build -s a', more)).toEqual(splitWords('build --select a --state /state --defer'));
  });

  test('is told', () => {
    expect(slim('build')).toMatchObject({ within: [] });
    expect(slim('build --exclude a')).toMatchObject({ within: [] });
    expect(slim('build -s a "b c,d"')).toMatchObject({ within: ['a', 'b', 'c,d'] });
    expect(slim('build --selector a')).toMatchObject({ within: ['selector:a'] });
  });

  test('may be of many', () => {
    const tokens = Array.from({ length: 150 }, (_, at) => `m${at}`);
    const args = argsOf(`build --select ${tokens.join(' ')}`);
    expect(args.slice(2, -3)).toEqual(tokens.flatMap((token) => [`${token},S`, `${token},T`]));
  });
});

describe('a selector', () => {
  const BY_MARTS = 'build --select selector:marts,S selector:marts,T --state /state --defer';

  test('is a method', () => {
    expect(argsOf('build --selector marts')).toEqual(splitWords(BY_MARTS));
    expect(argsOf('build --selector staging --selector=marts -x')).toEqual(splitWords(`${BY_MARTS} -x`));
  });

  test('makes dbt ignore --select and --exclude, which would count beside the method', () => {
    expect(argsOf('build --selector marts --exclude a --select b')).toEqual(splitWords(BY_MARTS));
  });

  test.each<readonly [engine: EngineKind, dbtVersion: string | undefined]>([
    ['core', '1.11.16'],
    ['core', undefined],
    ['fusion', '2.0.0-preview.196'],
    ['fusion', '2.13.0'],
  ])('is refused by %s %s, which has no such method', (engine, dbtVersion) => {
    const { message, code, hint } = refusalOf('build --selector marts', { engine, dbtVersion });
    expect(code).toBe('invalid-options');
    expect(message).toContain('--selector marts');
    expect(message).toContain('selector: method');
    expect(hint).toContain('--select');
  });

  test('is refused with a name that would be something else in a --select', () => {
    for (const name of ['a b', 'a,b', 'a+1', '@a']) {
      expect(refusalOf(`build --selector "${name}"`).message).toContain('name');
    }
  });

  test('by default counts where nothing is selected and nothing excluded', () => {
    const named = { defaultSelector: { kind: 'named', name: 'marts' } } as const;
    expect(argsOf('build', named)).toEqual(splitWords(BY_MARTS));
    expect(argsOf('build --resource-type model', named)).toEqual(
      splitWords(`${BY_MARTS} --resource-type model`),
    );
    expect(argsOf('build -s a b', named)).toEqual(splitWords(`build ${AB}`));
    expect(argsOf('build --exclude a', named)).toEqual(
      splitWords('build --select S T --state /state --defer --exclude a'),
    );
    expect(argsOf('build --selector staging', named)).toContain('selector:staging,S');
    expect(refusalOf('build', { ...named, engine: 'fusion', dbtVersion: '2.0.0' }).message).toContain(
      'marts',
    );
  });

  test('that nobody can tell is refused where it would count', () => {
    const uncertain = { defaultSelector: { kind: 'uncertain', why: 'selectors.yml is a riddle' } } as const;
    expect(refusalOf('build', uncertain).message).toContain('a riddle');
    expect(argsOf('build -s a b', uncertain)).toEqual(splitWords(`build ${AB}`));
  });
});

describe('own state and deferral', () => {
  test.each(['--state /mine', '--state=/mine', '--defer-state /mine'])('%s is refused', (own) => {
    for (const line of [`build ${own}`, `${own} build`]) {
      const { message, code } = refusalOf(line);
      expect(code).toBe('invalid-options');
      expect(message).toContain(own.split(/[ =]/)[0]);
    }
  });

  test.each(['DBT_STATE', 'DBT_ENGINE_STATE', 'DBT_DEFER_STATE'])('%s is refused', (name) => {
    expect(refusalOf('build', { env: { [name]: '/mine' } }).message).toContain(name);
    expect(slim('build', { env: { [name]: '' } }).kind).toBe('slim');
  });

  test.each<readonly [given: string, made: string]>([
    // dbt v2 refuses it twice, dbt Core before and after the subcommand.
    ['build --defer', 'build --select S T --state /state --defer'],
    ['--defer build', '--defer build --select S T --state /state'],
    ['build --no-defer', 'build --select S T --state /state --no-defer'],
    ['build --favor-state', 'build --select S T --state /state --defer --favor-state'],
    ['build --defer --favor-state', 'build --select S T --state /state --defer --favor-state'],
  ])('%s', (given, made) => {
    expect(argsOf(given)).toEqual(splitWords(made));
  });

  test('a variable is obeyed', () => {
    expect(argsOf('build', { env: { DBT_DEFER: 'false' } })).not.toContain('--defer');
    expect(argsOf('build', { env: { DBT_ENGINE_DEFER: '0' } })).not.toContain('--defer');
    expect(argsOf('build', { env: { DBT_DEFER: '' } })).toContain('--defer');
  });
});

test.each([
  ...['deps', 'debug', 'parse', 'retry', 'run-operation m', 'source freshness', 'clean', 'init', 'show -s a'],
  ...['clone', 'docs generate', 'docs serve', 'build --help', '--version', '', 'compile --inline "select 1"'],
  ...['compile --inline=x', 'unheard-of'],
])('"%s" is not for slim builds', (line) => {
  expect(slim(line)).toMatchObject({ kind: 'not-applicable', why: expect.any(String) });
});

test.each(['build', 'run', 'test', 'seed', 'snapshot', 'compile', 'list', 'ls'])('%s is', (command) => {
  expect(slim(command).kind).toBe('slim');
});
