import { StoreUnavailable } from '../application/faults.ts';
import { observeProjects } from '../application/look.ts';
import { differences } from '../application/wanted.ts';
import { defaultConnection, type Project } from '../domain/project.ts';
import type { PrecheckItem } from '../domain/refusal.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { linkItems } from './doctor-links.ts';
import { connectionItems } from './doctor-redis.ts';
import type { Session } from './session.ts';
import { itemTable } from './show.ts';

/** `syncbot doctor`: every item passes, fails or is unknown, with a sentence; exit 1 when one fails. */
export async function doctor(session: Session): Promise<ExitCode> {
  const { app, config, say } = session;
  const [connections, slack, projects] = await Promise.all([
    app.deps.links.connections([defaultConnection, ...Object.keys(config.connections)]),
    slackItems(session),
    storedProjects(session),
  ]);
  const items = [
    ...connections.flatMap((facts) =>
      facts.name === defaultConnection
        ? connectionItems(facts, 'REDIS_URL', 'records')
        : connectionItems(facts, `connection ${facts.name}`, 'links'),
    ),
    ...slack,
    ...policyItems(session),
    ...(projects === null
      ? [notReadable]
      : [differenceItem(session, projects), ...(await allLinkItems(session, projects))]),
  ];
  say.result(itemTable(items), items);
  return items.some(({ result }) => result === 'fail') ? exitCodes.notDone : exitCodes.done;
}

const notReadable: PrecheckItem = {
  item: 'projects',
  result: 'unknown',
  message: "the bot's Redis does not answer, so nothing can be said of projects and their links",
};

async function storedProjects({ app }: Session): Promise<Project[] | null> {
  try {
    return await app.deps.store.readMany(await app.deps.store.ids());
  } catch (error) {
    if (error instanceof StoreUnavailable) return null;
    throw error;
  }
}

async function allLinkItems({ app }: Session, projects: readonly Project[]): Promise<PrecheckItem[]> {
  const [observed, workers] = await Promise.all([
    observeProjects(app.deps, projects),
    app.deps.links.workers(projects.flatMap(({ definition }) => definition.links)),
  ]);
  const counts = [...workers];
  return observed.flatMap((one) => linkItems(one, counts.splice(0, one.figures.links.length)));
}

function differenceItem({ config, configPath }: Session, projects: readonly Project[]): PrecheckItem {
  const item = `${configPath} applied`;
  const found = differences(projects, config);
  if (found.length === 0) return { item, result: 'pass', message: 'file and stored projects agree' };
  return { item, result: 'fail', message: `${found.join('; ')}: run syncbot apply` };
}

/** Only the bot needs somebody named; the command line is trusted. */
function policyItems({ config, environment }: Session): PrecheckItem[] {
  const item = 'policy.operators';
  const named = config.policy.operators.length;
  if (named > 0) return [{ item, result: 'pass', message: `${named} named` }];
  const message = 'nobody is named, so nobody may change projects from Slack: add user ids (U…) or user group ids (S…)';
  return [{ item, result: environment.secrets.slackBotToken === null ? 'unknown' : 'fail', message }];
}

async function slackItems({ app }: Session): Promise<readonly PrecheckItem[]> {
  const message = 'SLACK_BOT_TOKEN is not set here: a bot cannot run, a worker can';
  return (await app.checkSlack()) ?? [{ item: 'Slack', result: 'unknown', message }];
}
