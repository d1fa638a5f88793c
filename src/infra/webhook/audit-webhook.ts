import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { AuditNotDeliveredError, type SendAudit } from '../../application/deliver-audit.ts';
import { auditEvent } from '../../domain/audit-event.ts';

export interface AuditWebhookOptions {
  readonly url: string;
  /** `whsec_` and the key in base64. */
  readonly secret: string;
  readonly version: string;
  /** The time of the signature. Default: the clock of the host. */
  readonly now?: () => Date;
  /** How long a request may take. Default: 10 s. */
  readonly timeoutMs?: number;
}

/**
 * Posts entries as lines of JSON, signed as in the Standard Webhooks specification (standardwebhooks.com). A request with the
 * same entries has the same `webhook-id`. Redirects are not followed.
 */
export function createAuditWebhook(options: AuditWebhookOptions): SendAudit {
  const { url, secret, version, now = () => new Date(), timeoutMs = 10_000 } = options;
  const webhook = new Webhook(secret);
  return async (entries) => {
    const body = entries.map(({ project, entry }) => `${JSON.stringify({ project, ...auditEvent(entry) })}\n`).join('');
    const id = `audit_${createHash('sha256').update(body).digest('hex').slice(0, 32)}`;
    const time = now();
    const headers = {
      'content-type': 'application/x-ndjson',
      'user-agent': `syncbot/${version}`,
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(time.getTime() / 1_000)),
      'webhook-signature': webhook.sign(id, time, body),
    };
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal }).catch(
      (error: unknown) => {
        throw new AuditNotDeliveredError(null, { cause: error });
      },
    );
    await response.body?.cancel();
    if (!response.ok) throw new AuditNotDeliveredError(response.status);
  };
}
