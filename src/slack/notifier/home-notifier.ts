import { createHash } from 'node:crypto';
import type { UseCaseContext } from '../../application/context.ts';
import { type HomeFacts, type HomeProjects, readHome, readHomeProjects } from '../../application/home.ts';
import type { HomeViewer } from '../../application/home-store.ts';
import { homeIntervalMs } from '../../domain/home-updates.ts';
import { emptyFilter, formatListFilter, parseListFilter } from '../../domain/list-filter.ts';
import { toChunks } from '../../lib/async.ts';
import { mayRevealReasons, type RestrictionOptions, readRestriction } from '../restriction.ts';
import type { Block, Message } from '../views/blocks.ts';
import { buildHome, homeLimits } from '../views/home.ts';
import { type HomeClient, publishView } from './home-view.ts';

export interface HomeNotifierOptions
  extends Pick<
      UseCaseContext,
      'projects' | 'operations' | 'batches' | 'observations' | 'homes' | 'notifications' | 'serverClock' | 'log'
    >,
    RestrictionOptions {
  readonly client: HomeClient;
}

/** How many Homes are published at once. */
const chunkSize = 5;

/** Publishes the Home of a person who has just opened it, also if nothing has changed. Throws `RetryLaterError`. */
export async function notifyHome(options: HomeNotifierOptions, user: string): Promise<void> {
  const viewer = (await options.homes.listViewers()).find((each) => each.user === user);
  if (viewer === undefined) return;
  const render = createRenderer(options, await readHome(options, homeLimits));
  await publish(options, viewer, await render(viewer));
}

/**
 * Publishes the Homes that show something which has changed, those that were opened last first. With more viewers each Home is
 * updated less often, because the rate of all of them is bounded. Asks for another job for the rest. BullMQ runs one such job at
 * a time, so it never takes more than one of the places of the notification queue. Throws `RetryLaterError`.
 */
export async function notifyHomes(options: HomeNotifierOptions): Promise<void> {
  const viewers = await options.homes.listViewers();
  if (viewers.length === 0) return;
  const facts = await readHome(options, homeLimits);
  const render = createRenderer(options, facts);
  const intervalMs = homeIntervalMs(viewers.length);
  const waits: number[] = [];
  const update = async (viewer: HomeViewer) => {
    const rendered = await render(viewer);
    const { published } = viewer;
    if (published?.digest === rendered.digest) return;
    const waitMs = published === null ? 0 : published.at + intervalMs - facts.now;
    if (waitMs > 0) waits.push(waitMs);
    else await publish(options, viewer, rendered);
  };
  for (const chunk of toChunks(viewers, chunkSize)) await Promise.all(chunk.map(update));
  if (waits.length > 0) await options.notifications.homesDueIn(Math.min(...waits));
}

interface RenderedHome {
  readonly blocks: readonly Block[];
  readonly text: string;
  /** Equal as long as the person would see the same, apart from the time of the last observe cycle. */
  readonly digest: string;
}

type Renderer = (viewer: HomeViewer) => Promise<RenderedHome>;

/** Renders from the same facts for all viewers, and reads the projects of each filter once. */
function createRenderer(options: HomeNotifierOptions, home: HomeFacts): Renderer {
  const filtered = new Map<string, Promise<HomeProjects>>([['', Promise.resolve(home.all)]]);
  return async ({ user, team, filter: text }) => {
    const parsed = parseListFilter(text);
    const filter = parsed.kind === 'filter' ? parsed.filter : emptyFilter;
    const key = formatListFilter(filter);
    const read = filtered.get(key) ?? readHomeProjects(options, filter, homeLimits);
    filtered.set(key, read);
    const identity = { user, team, channel: null };
    const [projects, restriction, revealReasons] = await Promise.all([
      read,
      readRestriction(options, identity),
      mayRevealReasons(options, identity, true),
    ]);
    const view = {
      home,
      user,
      filter,
      projects,
      restriction,
      revealReasons,
      format: options.format,
      now: home.now,
    };
    const { blocks, text: fallback } = buildHome(view);
    const timeless = buildHome({ ...view, home: { ...home, observedAt: home.observedAt === null ? null : 0 } });
    return { blocks, text: fallback, digest: createHash('sha256').update(JSON.stringify(timeless)).digest('base64') };
  };
}

async function publish(options: HomeNotifierOptions, viewer: HomeViewer, rendered: RenderedHome): Promise<void> {
  const { user } = viewer;
  const message: Message = rendered;
  const hash = viewer.published?.hash ?? null;
  let result = await publishView(options, { user, message, hash });
  if (result.kind === 'hash_conflict') {
    const current = (await options.homes.listViewers()).find((each) => each.user === user);
    // Another bot has published meanwhile, from newer or the same records.
    if (current === undefined || (current.published?.hash ?? null) !== hash) return;
    // The record of the last publication was lost.
    result = await publishView(options, { user, message, hash: null });
  }
  if (result.kind === 'published') {
    const published = { at: await options.serverClock.now(), digest: rendered.digest, hash: result.hash };
    return options.homes.savePublished(user, published);
  }
  options.log.warn({ user, kind: result.kind }, 'Home not published');
  await options.homes.remove(user);
}
