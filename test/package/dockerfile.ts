import { type Copy, DockerfileParser, type From, type Healthcheck, type PropertyInstruction } from 'dockerfile-ast';
import { z } from 'zod';

/** What a Dockerfile says, step by step. */
interface StepFields {
  readonly workdir: { readonly text: string };
  readonly user: { readonly text: string };
  readonly run: { readonly text: string };
  readonly copy: { readonly from: string | null; readonly sources: readonly string[]; readonly target: string };
  readonly env: { readonly values: Readonly<Record<string, string>> };
  readonly label: { readonly values: Readonly<Record<string, string>> };
  readonly expose: { readonly ports: readonly string[] };
  readonly entrypoint: { readonly command: readonly string[] };
  readonly cmd: { readonly command: readonly string[] };
  readonly healthcheck: { readonly command: readonly string[] };
}

export type StepOf<K extends keyof StepFields> = { readonly kind: K } & StepFields[K];
export type Step = { readonly [K in keyof StepFields]: StepOf<K> }[keyof StepFields];

export interface Stage {
  readonly name: string | null;
  /** With the Dockerfile's own build arguments filled in. */
  readonly base: string;
  readonly steps: readonly Step[];
}

type Instruction = ReturnType<ReturnType<typeof DockerfileParser.parse>['getInstructions']>[number];

/** Reads a Dockerfile; throws at an instruction it does not know, and at a command in shell form. */
export function parseDockerfile(text: string): readonly Stage[] {
  const file = DockerfileParser.parse(text);
  const buildArgs = Object.fromEntries(
    file.getInitialARGs().map((arg) => [arg.getProperty()?.getName() ?? '', arg.getProperty()?.getValue() ?? '']),
  );
  const stages: { name: string | null; base: string; steps: Step[] }[] = [];
  for (const instruction of file.getInstructions()) {
    const keyword = instruction.getKeyword();
    if (keyword === 'FROM') {
      const from = instruction as From;
      const base = (from.getImage() ?? '').replace(/\$\{(\w+)\}/g, (_, name: string) => buildArgs[name] ?? '');
      stages.push({ name: from.getBuildStage(), base, steps: [] });
      continue;
    }
    if (keyword === 'ARG' && stages.length === 0) continue;
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`${keyword} stands before FROM`);
    stage.steps.push(parseStep(keyword, instruction));
  }
  return stages;
}

function parseStep(keyword: string, instruction: Instruction): Step {
  const text = instruction.getArgumentsContent() ?? '';
  switch (keyword) {
    case 'WORKDIR':
      return { kind: 'workdir', text };
    case 'USER':
      return { kind: 'user', text };
    case 'RUN':
      return { kind: 'run', text };
    case 'COPY': {
      const copy = instruction as Copy;
      const paths = copy.getArguments().map((argument) => argument.getValue());
      return {
        kind: 'copy',
        from: copy.getFromFlag()?.getValue() ?? null,
        sources: paths.slice(0, -1),
        target: paths.at(-1) ?? '',
      };
    }
    case 'ENV':
      return { kind: 'env', values: propertyValues(instruction as PropertyInstruction) };
    case 'LABEL':
      return { kind: 'label', values: propertyValues(instruction as PropertyInstruction) };
    case 'EXPOSE':
      return { kind: 'expose', ports: text.split(/\s+/) };
    case 'HEALTHCHECK': {
      if ((instruction as Healthcheck).getSubcommand()?.getValue() !== 'CMD')
        throw new Error('HEALTHCHECK without CMD');
      return { kind: 'healthcheck', command: parseExecForm(keyword, text.slice(text.indexOf('CMD ') + 4)) };
    }
    case 'ENTRYPOINT':
      return { kind: 'entrypoint', command: parseExecForm(keyword, text) };
    case 'CMD':
      return { kind: 'cmd', command: parseExecForm(keyword, text) };
    default:
      throw new Error(`${keyword} is not known here`);
  }
}

function propertyValues(instruction: PropertyInstruction): Record<string, string> {
  return Object.fromEntries(instruction.getProperties().map((one) => [one.getName(), one.getValue() ?? '']));
}

/** A shell would be process 1 instead of the program, and keep SIGTERM for itself. */
function parseExecForm(keyword: string, text: string): string[] {
  try {
    return z.array(z.string()).min(1).parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${keyword} is not in exec form: ${text}`, { cause });
  }
}

/** The stage that becomes the image. */
export function finalStage(text: string): Stage {
  const stage = parseDockerfile(text).at(-1);
  if (stage === undefined) throw new Error('there is no stage');
  return stage;
}

/** The last step of a kind, which is the one that counts. */
export function lastStep<K extends keyof StepFields>(stage: Stage, kind: K): StepOf<K> | undefined {
  return stepsOf(stage, kind).at(-1);
}

export function stepsOf<K extends keyof StepFields>(stage: Stage, kind: K): StepOf<K>[] {
  return stage.steps.filter((step): step is Step & StepOf<K> => step.kind === kind);
}

/** Reads a .dockerignore that begins with `*` and allows paths one by one; says whether a path is left out. */
export function parseDockerignore(text: string): (path: string) => boolean {
  const [first, ...others] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (first !== '*') throw new Error('it begins with *');
  const allowed = others.map((line) => {
    const path = /^!([\w./-]+)$/.exec(line)?.[1];
    if (path === undefined) throw new Error(`${line} is not a path that is allowed`);
    return path;
  });
  return (path) => !allowed.some((allowedPath) => path === allowedPath || path.startsWith(`${allowedPath}/`));
}
