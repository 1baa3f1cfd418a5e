import type { Masks } from './masks.ts';
import { parseWorkflowCommand, type WorkflowCommand } from './workflow-command.ts';

export type AnnotationLevel = 'error' | 'warning' | 'notice';

export interface Annotation {
  readonly level: AnnotationLevel;
  /** Masked, and cut where GitHub cuts it. */
  readonly message: string;
  readonly title?: string;
  readonly file?: string;
  readonly line?: number;
}

/** What the runner makes of the lines a step prints. */
export interface StepLog {
  push(line: string): void;
  /** Lines as the job's log shows them: masked, commands replaced by what the runner puts in their place. */
  readonly lines: readonly string[];
  /** At most ten of each level, as GitHub keeps them. */
  readonly annotations: readonly Annotation[];
  /** Annotations beyond ten of a level. */
  readonly droppedAnnotations: number;
  /** Titles of groups, in order. */
  readonly groups: readonly string[];
  readonly state: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
  /** False while commands are stopped: at the end that means the step forgot to resume them. */
  readonly readsCommands: boolean;
}

const MAX_ANNOTATIONS_A_LEVEL = 10;
const MAX_MESSAGE_LENGTH = 4096;
const COMMANDS = new Set([
  ...['add-mask', 'add-matcher', 'remove-matcher', 'debug', 'echo', 'error', 'warning', 'notice'],
  ...['group', 'endgroup', 'save-state', 'set-output', 'stop-commands', 'add-path', 'set-env'],
]);

/** @param onLine Told each line as the log shows it. */
export function createStepLog(masks: Masks, onLine: (line: string) => void = () => undefined): StepLog {
  const lines: string[] = [];
  const annotations: Annotation[] = [];
  const groups: string[] = [];
  const state = new Map<string, string>();
  const outputs = new Map<string, string>();
  let dropped = 0;
  let resumeToken: string | undefined;

  const show = (line: string): void => {
    const masked = masks.apply(line);
    lines.push(masked);
    onLine(masked);
  };

  const annotate = (level: AnnotationLevel, command: WorkflowCommand): void => {
    show(`##[${level}]${command.data}`);
    if (annotations.filter((one) => one.level === level).length >= MAX_ANNOTATIONS_A_LEVEL) {
      dropped += 1;
      return;
    }
    const { title, file, line } = command.properties;
    annotations.push({
      level,
      message: masks.apply(command.data).slice(0, MAX_MESSAGE_LENGTH),
      ...(title === undefined ? {} : { title }),
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line: Number(line) }),
    });
  };

  const obey = (command: WorkflowCommand, raw: string): void => {
    const { name, data, properties } = command;
    switch (name) {
      case 'error':
      case 'warning':
      case 'notice':
        annotate(name, command);
        return;
      case 'add-mask':
        if (data.trim() === '')
          show("##[warning]Can't add secret mask for empty string in ##[add-mask] command.");
        else masks.add(data);
        return;
      case 'group':
        groups.push(masks.apply(data));
        show(`##[group]${data}`);
        return;
      case 'endgroup':
        show('##[endgroup]');
        return;
      case 'stop-commands':
        if (data === '' || COMMANDS.has(data.toLowerCase())) {
          annotate('error', { name: 'error', properties: {}, data: `Invalid stop-commands token '${data}'` });
        } else {
          resumeToken = data;
          show(raw);
        }
        return;
      case 'save-state':
        state.set(properties['name'] ?? '', data);
        return;
      case 'set-output':
        outputs.set(properties['name'] ?? '', data);
        return;
      default:
        // debug, echo and matchers change nothing here.
        return;
    }
  };

  return {
    push: (line) => {
      const command = parseWorkflowCommand(line);
      if (resumeToken !== undefined) {
        if (command?.name.toLowerCase() === resumeToken.toLowerCase()) resumeToken = undefined;
        show(line);
      } else if (command !== undefined && COMMANDS.has(command.name.toLowerCase())) {
        obey({ ...command, name: command.name.toLowerCase() }, line);
      } else {
        show(line);
      }
    },
    lines,
    annotations,
    get droppedAnnotations() {
      return dropped;
    },
    groups,
    state,
    outputs,
    get readsCommands() {
      return resumeToken === undefined;
    },
  };
}
