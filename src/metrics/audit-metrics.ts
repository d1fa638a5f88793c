import { Counter, Gauge, type Registry } from 'prom-client';
import type { AuditDeliveryListener } from '../application/deliver-audit.ts';

/** The metrics of the audit webhook. The time has no value until the process has delivered, or has failed to. */
export function createAuditMetrics(registry: Registry): AuditDeliveryListener {
  const registers = [registry];
  const accepted = new Counter({
    name: 'syncbot_audit_webhook_entries_total',
    help: 'Entries of the audit log that the receiver of the webhook has accepted.',
    registers,
  });
  const failures = new Counter({
    name: 'syncbot_audit_webhook_failures_total',
    help: 'Requests to the receiver of the audit webhook that it did not accept.',
    registers,
  });
  const deliveredUntil = new Gauge({
    name: 'syncbot_audit_webhook_delivered_timestamp_seconds',
    help: 'The receiver of the audit webhook has all entries before this time, epoch seconds.',
    registers,
  });
  // prom-client begins with 0, which would be a time.
  deliveredUntil.remove();
  return {
    onAccepted: (entries) => accepted.inc(entries),
    onFailure: () => failures.inc(),
    onDeliveredUntil: (at) => deliveredUntil.set(at / 1_000),
  };
}
