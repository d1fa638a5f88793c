import { describeDiff } from '../application/diff-projects.ts';
import { StoreUnavailableError } from '../application/errors.ts';
import { observeProjects } from '../application/queries.ts';
import { defaultConnection } from '../domain/link.ts';
import type { Project } from '../domain/project.ts';
import type { CheckText } from '../messages/render.ts';
import type { CommandContext } from './command-context.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { checkLinks } from './doctor-links.ts';
import { checkConnection } from './doctor-redis.ts';
import { checkTable } from './show.ts';

/** `syncbot doctor`: every item passes, fails or is unknown, with a sentence; exit 1 when one fails. */
export async function doctor(context: CommandContext): Promise<ExitCode> {
  const { app, config, output } = context;
  const [connections, slack, projects] = await Promise.all([
    app.useCaseContext.links.readConnections([defaultConnection, ...Object.keys(config.connections)]),
    checkSlackAccess(context),
    readStoredProjects(context),
  ]);
  const items = [
    ...connections.flatMap((facts) =>
      facts.name === defaultConnection
        ? checkConnection(facts, 'REDIS_URL', 'records')
        : checkConnection(facts, `connection ${facts.name}`, 'links'),
    ),
    ...slack,
    ...checkPolicy(context),
    ...(projects === null
      ? [projectsUnreadable]
      : [checkConfigApplied(context, projects), ...(await checkAllLinks(context, projects))]),
  ];
  output.result(checkTable(items), items);
  return items.some(({ result }) => result === 'fail') ? exitCodes.failure : exitCodes.success;
}

const projectsUnreadable: CheckText = {
  item: 'projects',
  result: 'unknown',
  message: "the bot's Redis does not answer, so nothing can be said of projects and their links",
};

async function readStoredProjects({ app }: CommandContext): Promise<Project[] | null> {
  try {
    return await app.useCaseContext.projects.readMany(await app.useCaseContext.projects.listIds());
  } catch (error) {
    if (error instanceof StoreUnavailableError) return null;
    throw error;
  }
}

async function checkAllLinks({ app }: CommandContext, projects: readonly Project[]): Promise<CheckText[]> {
  const [observed, workerCounts] = await Promise.all([
    observeProjects(app.useCaseContext, projects),
    app.useCaseContext.links.countWorkers(projects.flatMap(({ definition }) => definition.links)),
  ]);
  const remainingCounts = [...workerCounts];
  return observed.flatMap((observedProject) =>
    checkLinks(observedProject, remainingCounts.splice(0, observedProject.stats.links.length)),
  );
}

function checkConfigApplied({ config, configPath }: CommandContext, projects: readonly Project[]): CheckText {
  const item = `${configPath} applied`;
  const differenceTexts = describeDiff(projects, config);
  if (differenceTexts.length === 0) return { item, result: 'pass', message: 'file and stored projects agree' };
  return { item, result: 'fail', message: `${differenceTexts.join('; ')}: run syncbot apply` };
}

/** Only the bot needs somebody named; the command line is trusted. */
function checkPolicy({ config, environment }: CommandContext): CheckText[] {
  const item = 'policy.operators';
  const operatorCount = config.policy.operators.length;
  if (operatorCount > 0) return [{ item, result: 'pass', message: `${operatorCount} named` }];
  const message = 'nobody is named, so nobody may change projects from Slack: add user ids (U…) or user group ids (S…)';
  return [{ item, result: environment.secrets.slackBotToken === null ? 'unknown' : 'fail', message }];
}

async function checkSlackAccess({ app }: CommandContext): Promise<readonly CheckText[]> {
  const message = 'SLACK_BOT_TOKEN is not set here: a bot cannot run, a worker can';
  return (await app.checkSlack()) ?? [{ item: 'Slack', result: 'unknown', message }];
}
