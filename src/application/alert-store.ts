import type { Alert, DeliveredAlert, FiringAlert, ResolvedAlert } from '../domain/alert.ts';
import type { ChannelAlerts } from '../domain/alert-group.ts';
import type { AlertKind } from '../domain/conditions.ts';
import type { HistoryEvent } from '../domain/history.ts';
import type { Actor, KeptPaused, ProjectId } from '../domain/project.ts';
import type { WriteResult } from './project-store.ts';

/** The alerts of the projects. The observer writes the alert, the notifier what was delivered: neither overwrites the other. */
export interface AlertStore {
  /** Writes the change of one alert, by compare-and-set on the version and on the alert as it was read. */
  save(id: ProjectId, expectedVersion: number, change: AlertChange): Promise<WriteResult>;
  /** Records that a person keeps a project Paused, and resolves its reminder, by compare-and-set as in `save`. */
  keepPaused(id: ProjectId, expectedVersion: number, change: KeepPausedChange): Promise<WriteResult>;
  /** Writes the acknowledgement of a firing alert, by compare-and-set on the alert as it was read. */
  acknowledge(id: ProjectId, change: AcknowledgementChange): Promise<WriteResult>;
  /** Records what the channel was notified of. The history gets an entry if the message is another one than before. */
  markNotified(id: ProjectId, kind: AlertKind, delivered: DeliveredAlert): Promise<void>;
}

/** The alert groups of the channels. One notifier at a time writes those of a channel. */
export interface AlertGroupStore {
  /** Adds projects whose alerts have changed. `isFirst`: no project of the channel had been added since `takeChanged`. */
  addChanged(channel: string, projects: readonly ProjectId[]): Promise<{ readonly isFirst: boolean }>;
  takeChanged(channel: string): Promise<ProjectId[]>;
  hasChanged(channel: string): Promise<boolean>;
  read(channel: string): Promise<StoredChannelAlerts>;
  /** Writes what differs, by compare-and-set on the version. */
  save(channel: string, change: ChannelAlertsChange): Promise<WriteResult>;
}

export interface StoredChannelAlerts {
  readonly alerts: ChannelAlerts;
  /** 0 if nothing is stored. */
  readonly version: number;
}

export interface ChannelAlertsChange {
  readonly before: ChannelAlerts;
  readonly after: ChannelAlerts;
  readonly expectedVersion: number;
}

export interface KeepPausedChange {
  readonly keptPaused: KeptPaused;
  /** The reminder. */
  readonly before: FiringAlert;
  readonly after: ResolvedAlert;
}

export interface AcknowledgementChange {
  readonly kind: AlertKind;
  readonly before: FiringAlert;
  readonly after: FiringAlert;
  /** Who pressed the button. */
  readonly by: Actor;
  readonly event: HistoryEvent;
}

export interface AlertChange {
  readonly kind: AlertKind;
  readonly before: Alert | null;
  readonly after: Alert;
  /** The audit event, when the alert starts to fire or is resolved. */
  readonly event: HistoryEvent | null;
}
