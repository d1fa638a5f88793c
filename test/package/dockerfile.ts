import { type Copy, DockerfileParser, type From, type Instruction, type PropertyInstruction } from 'dockerfile-ast';
import { z } from 'zod';

export interface Stage {
  readonly name: string | null;
  /** With the values of the build arguments. */
  readonly baseImage: string;
  readonly instructions: readonly Instruction[];
}

export function parseStages(dockerfile: string): readonly Stage[] {
  const file = DockerfileParser.parse(dockerfile);
  const buildArgs = new Map(
    file.getInitialARGs().map((arg) => [arg.getProperty()?.getName(), arg.getProperty()?.getValue()]),
  );
  const stages: { name: string | null; baseImage: string; instructions: Instruction[] }[] = [];
  for (const instruction of file.getInstructions()) {
    if (instruction.getKeyword() === 'FROM') {
      const from = instruction as From;
      const baseImage = (from.getImage() ?? '').replace(/\$\{(\w+)\}/g, (_, name: string) => buildArgs.get(name) ?? '');
      stages.push({ name: from.getBuildStage(), baseImage, instructions: [] });
    } else {
      stages.at(-1)?.instructions.push(instruction);
    }
  }
  return stages;
}

/** Returns the arguments of each instruction with this keyword, as text. */
export function argumentsOf(stage: Stage, keyword: string): string[] {
  return instructionsOf(stage, keyword).map((instruction) => instruction.getArgumentsContent() ?? '');
}

/** Returns the name-value pairs of all instructions with this keyword. */
export function propertiesOf(stage: Stage, keyword: 'ENV' | 'LABEL'): Readonly<Record<string, string>> {
  const properties = instructionsOf(stage, keyword).flatMap((one) => (one as PropertyInstruction).getProperties());
  return Object.fromEntries(properties.map((property) => [property.getName(), property.getValue() ?? '']));
}

export interface CopyInstruction {
  /** The stage of `--from`, or null for the build context. */
  readonly from: string | null;
  readonly sources: readonly string[];
}

export function copiesOf(stage: Stage): CopyInstruction[] {
  return instructionsOf(stage, 'COPY').map((instruction) => {
    const copy = instruction as Copy;
    const paths = copy.getArguments().map((argument) => argument.getValue());
    return { from: copy.getFromFlag()?.getValue() ?? null, sources: paths.slice(0, -1) };
  });
}

/**
 * Returns the command in exec form. In shell form a shell would be process 1, and would not forward SIGTERM.
 * @throws if it is in shell form.
 */
export function commandOf(stage: Stage, keyword: 'CMD' | 'ENTRYPOINT' | 'HEALTHCHECK'): string[] {
  const text = argumentsOf(stage, keyword).at(-1) ?? '';
  return z.array(z.string()).parse(JSON.parse(text.slice(text.indexOf('['))));
}

function instructionsOf(stage: Stage, keyword: string): Instruction[] {
  return stage.instructions.filter((instruction) => instruction.getKeyword() === keyword);
}
