import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { z } from 'zod';
import type { LinkWithWatermark } from '../../application/ports.ts';
import { type Link, linkId } from '../../domain/link.ts';
import type { ProjectId } from '../../domain/project.ts';
import { withTimeout } from '../../lib/async.ts';
import { disconnect, openBlockingDuplicate } from '../redis/client.ts';
import { isPermanentReplyError } from '../redis/send-commands.ts';
import { findFailures } from './find-failures.ts';
import { keyPrefix, type LinkConnections } from './link-connections.ts';

export interface WatchedLink extends LinkWithWatermark {
  readonly project: ProjectId;
  /** The version of the project that the watermark belongs to. */
  readonly version: number;
}

/** Watches links of one connection. Disposing it closes its own client. */
export interface ConnectionWatch extends AsyncDisposable {
  /** Watches the link, or replaces what is known of it. */
  watch(link: WatchedLink): void;
  /** Does nothing if the link belongs to another project now. */
  unwatch(link: Link, project: ProjectId): void;
  isEmpty(): boolean;
}

export interface ConnectionWatchOptions {
  readonly name: string;
  readonly connections: LinkConnections;
  /** Called again and again while a link has such a task. */
  readonly onFailure: (project: ProjectId) => void;
  /** Called if the server refuses XREAD. Then the links are polled, until `connections` replaces the connection. */
  readonly onRefused: (error: unknown) => void;
}

/** Redis serves no other client while it registers the streams of a blocking XREAD: 0.4 ms for 1,000 of them. */
const maxStreams = 2_000;
const blockMs = 5_000;
/** The reply to a blocking XREAD may be this much later than `blockMs`. */
const replyTimeoutMs = 3_000;
/** How often links are read that were added while XREAD blocks. */
const addedLinksIntervalMs = 200;
const retryMs = 1_000;

/** After an event the watch rests, so that it takes a small part of the time of this process and of Redis, also if links are busy. */
function restMs(links: number): number {
  return Math.max(25, links / 10);
}

/** The same without XREAD: each time all links are read. In a cluster that is one script for each. */
function pollIntervalMs(links: number): number {
  return Math.max(250, links);
}

/**
 * Finds failed tasks as they happen. One client blocks in XREAD on the event streams of all links. An event of a link only
 * says that something has happened there, so `findFailures` reads the link. It also returns the newest event at that moment,
 * from which the next XREAD continues: no failure is between the two. The content of events is ignored.
 *
 * In a cluster one XREAD cannot read streams of several slots. There, with more than `maxStreams` links, and if the server
 * refuses XREAD, `findFailures` polls all links.
 */
export function watchConnection(options: ConnectionWatchOptions): ConnectionWatch {
  const stopping = new AbortController();
  const watch = new LinkWatch(options, stopping.signal);
  const ended = watch.run();
  return {
    watch: (link) => watch.watch(link),
    unwatch: (link, project) => watch.unwatch(link, project),
    isEmpty: () => watch.isEmpty(),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await watch.closeClient();
      await ended;
    },
  };
}

interface Entry {
  watched: WatchedLink;
  /** The event after which XREAD reads. Null while the link is not read, or unreachable. */
  eventId: string | null;
  /** Whether `findFailures` must read the link. */
  hasChanged: boolean;
}

const repliesSchema = z.array(z.tuple([z.string(), z.unknown()])).nullable();

class LinkWatch {
  readonly #options: ConnectionWatchOptions;
  readonly #signal: AbortSignal;
  readonly #entries = new Map<string, Entry>();
  #blocking: { readonly source: Redis; readonly client: Redis } | null = null;
  /** The client whose server refused XREAD. */
  #refusedClient: Redis | null = null;

  constructor(options: ConnectionWatchOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  watch(watched: WatchedLink): void {
    const id = linkId(watched.link);
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      this.#entries.set(id, { watched, eventId: null, hasChanged: true });
      return;
    }
    entry.hasChanged ||= entry.eventId === null || entry.watched.version !== watched.version;
    entry.watched = watched;
  }

  unwatch(link: Link, project: ProjectId): void {
    const id = linkId(link);
    if (this.#entries.get(id)?.watched.project === project) this.#entries.delete(id);
  }

  isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Ends when the signal is aborted and the client is closed. */
  async run(): Promise<void> {
    const { connections, name } = this.#options;
    while (!this.#signal.aborted) {
      await this.#readChanged();
      if (this.#signal.aborted) break;
      const client = connections.get(name)?.client;
      if (client instanceof Redis && client !== this.#refusedClient && this.#entries.size <= maxStreams) {
        await this.#waitForEvents(client);
      } else {
        await this.#sleep(pollIntervalMs(this.#entries.size));
        this.#markAllChanged();
      }
    }
    await this.closeClient();
  }

  /** A pending XREAD is rejected. */
  async closeClient(): Promise<void> {
    const blocking = this.#blocking;
    this.#blocking = null;
    if (blocking !== null) await disconnect(blocking.client);
  }

  async #readChanged(): Promise<void> {
    const changed = this.#changedEntries();
    if (changed.length === 0) return;
    for (const entry of changed) entry.hasChanged = false;
    const readings = await findFailures(
      this.#options.connections,
      changed.map(({ watched }) => watched),
    );
    for (const [index, entry] of changed.entries()) {
      const reading = readings[index];
      entry.eventId = reading?.kind === 'read' ? reading.eventId : null;
      if (reading?.kind === 'read' && reading.hasFailed) this.#options.onFailure(entry.watched.project);
    }
  }

  #changedEntries(): Entry[] {
    return [...this.#entries.values()].filter(({ hasChanged }) => hasChanged);
  }

  /** Returns after events or a fault, at the latest when XREAD has not replied in time. */
  async #waitForEvents(source: Redis): Promise<void> {
    const entries = new Map<string, Entry>(
      [...this.#entries.values()].flatMap((entry) =>
        entry.eventId === null ? [] : [[`${keyPrefix(entry.watched.link)}events`, entry] as const],
      ),
    );
    if (entries.size === 0) {
      if (this.#changedEntries().length > 0) return;
      await this.#sleep(retryMs);
      return this.#markAllChanged();
    }
    const client = await this.#openClient(source);
    if (this.#signal.aborted) return;
    const ids = [...entries.values()].map(({ eventId }) => eventId ?? '0-0');
    const reply = client.xread('COUNT', 1, 'BLOCK', blockMs, 'STREAMS', ...entries.keys(), ...ids);
    const result = await this.#readAddedUntil(reply, new Set(entries.values()));
    if (result.kind !== 'resolved') {
      if (this.#signal.aborted) return;
      if (result.kind === 'timed_out') client.disconnect(true);
      else if (isPermanentReplyError(result.error)) {
        this.#refusedClient = source;
        this.#options.onRefused(result.error);
      }
      await this.#sleep(retryMs);
      return this.#markAllChanged();
    }
    const streams = repliesSchema.parse(result.value) ?? [];
    for (const [key] of streams) {
      const entry = entries.get(key);
      if (entry !== undefined) entry.hasChanged = true;
    }
    if (streams.length > 0) await this.#sleep(restMs(entries.size));
  }

  /** Waits for the reply of XREAD. Meanwhile reads the links that were added since. */
  async #readAddedUntil<Reply>(reply: Promise<Reply>, known: ReadonlySet<Entry>) {
    for (let leftMs = blockMs + replyTimeoutMs; leftMs > 0; leftMs -= addedLinksIntervalMs) {
      const result = await withTimeout(reply, addedLinksIntervalMs);
      if (result.kind !== 'timed_out') return result;
      const added = [...this.#entries.values()].filter((entry) => !known.has(entry) && entry.eventId !== null);
      for (const entry of added) entry.hasChanged = true;
      await this.#readChanged();
    }
    return { kind: 'timed_out' } as const;
  }

  /** The configuration may have replaced the connection since. */
  async #openClient(source: Redis): Promise<Redis> {
    if (this.#blocking?.source !== source) await this.closeClient();
    this.#blocking ??= { source, client: openBlockingDuplicate(source) };
    return this.#blocking.client;
  }

  #markAllChanged(): void {
    for (const entry of this.#entries.values()) entry.hasChanged = true;
  }

  async #sleep(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#signal }).catch(() => {});
  }
}
