import { listProjects } from '../../application/list.ts';
import { allowedAction } from '../../domain/lifecycle.ts';
import type { Project } from '../../domain/project.ts';
import { unchanged } from '../../domain/words.ts';
import type { HeardCommand } from '../contract.ts';
import { type Command, type Misreading, parseCommand } from '../parse.ts';
import { explainMisreading } from '../suggest.ts';
import { buildHelp } from '../views/help.ts';
import { buildSentence } from '../views/refusal.ts';
import { sayConfirmation } from './ask.ts';
import { type Desk, say } from './desk.ts';
import { sayHistory, sayList, sayPrecheck, sayShow } from './look.ts';

/** `/sync …`: reads what was typed and takes the road of it. Looking is open to everybody of the workspace. */
export async function onCommand(desk: Desk, heard: HeardCommand): Promise<void> {
  const command = parseCommand(heard.text);
  await run(desk, heard, command);
}

async function run(desk: Desk, heard: HeardCommand, command: Command): Promise<void> {
  switch (command.kind) {
    case 'help':
      return say(desk, heard, buildHelp(desk.voice));
    case 'list':
      return sayList(desk, heard, { page: 0, filter: command.filter }, 'new');
    case 'show':
      return sayShow(desk, heard, command.project);
    case 'precheck':
      return sayPrecheck(desk, heard, command.project);
    case 'history':
      return sayHistory(desk, heard, command.project);
    case 'act':
      return sayConfirmation(desk, heard, command);
    case 'misread':
      return sayMisread(desk, heard, command.misreading);
    default:
      return command satisfies never;
  }
}

/** A misspelt command is answered with help; a readable one that lacks something, with what it lacks. */
async function sayMisread(desk: Desk, heard: HeardCommand, misreading: Misreading): Promise<void> {
  const sentence = explainMisreading(misreading, await likelyProjects(desk, misreading), desk.voice);
  const isLost = misreading.code === 'unknown_verb';
  await say(desk, heard, isLost ? buildHelp(desk.voice, sentence) : buildSentence(sentence));
}

/** The projects that may have been meant; for a verb without a project, those first on which it is allowed now. */
async function likelyProjects({ deps }: Desk, misreading: Misreading): Promise<string[]> {
  if (misreading.code !== 'project_missing') return deps.store.ids();
  const projects = await listProjects(deps, '');
  const fits = ({ state }: Project) => allowedAction(state) === misreading.verb;
  return [...projects.filter(fits), ...projects.filter((project) => !fits(project))].map(({ id }) => id);
}

/** A command of another name that the app's manifest sends here. */
export async function onOtherCommand(desk: Desk, heard: HeardCommand): Promise<void> {
  const help = desk.voice.command('help');
  const sentence = `I answer to another command here: type ${help}. ${unchanged} Whoever runs syncbot sets its name in SLACK_COMMAND.`;
  await say(desk, heard, buildSentence(sentence));
}
