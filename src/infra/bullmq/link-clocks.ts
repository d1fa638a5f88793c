import { type Link, linkId } from '../../domain/link.ts';

/** The clocks of the servers of the links, as the servers last reported them. */
export interface LinkClocks {
  /** `serverNow`: epoch ms, from a reply that has just arrived. */
  record(link: Link, serverNow: number): void;
  /** Whether the server's clock was reported recently. */
  isKnown(link: Link): boolean;
  /**
   * Converts a moment of `performance.now()` to epoch ms of the server. The result is early by at most the time that the reply
   * took, and never late. Returns null if the clock is not known.
   */
  toServerTime(link: Link, moment: number): number | null;
  /** Forgets a clock that may have been set since. */
  forget(link: Link): void;
}

/** A server's clock may be set, and a failover may replace the server. So a report is used for this long only, ms. */
const maxAgeMs = 10_000;

export function createLinkClocks(): LinkClocks {
  // In a Cluster each link may be on another server.
  const reports = new Map<string, { readonly serverNow: number; readonly receivedAt: number }>();
  const readReport = (link: Link) => {
    const report = reports.get(linkId(link));
    return report === undefined || performance.now() - report.receivedAt > maxAgeMs ? null : report;
  };
  return {
    record: (link, serverNow) => void reports.set(linkId(link), { serverNow, receivedAt: performance.now() }),
    isKnown: (link) => readReport(link) !== null,
    toServerTime(link, moment) {
      const report = readReport(link);
      return report === null ? null : Math.floor(report.serverNow + (moment - report.receivedAt));
    },
    forget: (link) => void reports.delete(linkId(link)),
  };
}
