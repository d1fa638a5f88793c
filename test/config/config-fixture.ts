import { parseConfig } from '../../src/config/parse-config.ts';

/** A file with every key. */
export const fullConfig = `connections:
  warehouse: \${WAREHOUSE_REDIS_URL}
policy:
  operators: [U0123, S0456]
  channels: [C0123]
  onCall:
    - { mention: [S0456], label: prod, severity: warning }
    - mention: [U0123]
digest: [{ at: "09:00", timezone: Europe/Berlin, channel: C0123 }]
settings: { confirmationTtl: 10m, observeEvery: 30s, operationRetention: 90d, auditLength: 5000, showErrors: true, alertGroupWait: 5s, alertGroupInterval: 2m, channelsWithoutButtons: [C0789], waves: { size: 5, wait: 30s } }
defaults: { pausedReminder: 12h, runbook: https://wiki.example.com, link: { prefix: sync } }
labels: { prod: { channel: C0999, pauseMax: 4h } }
projects:
  orders:
    description: Orders to the warehouse
    source: { type: mysql, name: orders-db }
    target: { type: kafka, name: warehouse }
    labels: [prod]
    channel: C0123
    onCall: [S0789]
    runbook: https://wiki.example.com/orders?a=1#b
    adopt: true
    onFailure: continue
    logRetention: 48h
    latencyAlert: 5m
    links:
      - queue: orders-full
      - { queue: orders-incr, connection: warehouse, prefix: sync }
`;
export const env = { WAREHOUSE_REDIS_URL: 'redis://:secret@warehouse:6379/2' };

/** The errors of a text, without its file. Empty if the text is valid. */
export function configErrors(text: string, variables: Record<string, string> = env) {
  const parsed = parseConfig(text, variables);
  return parsed.kind === 'refused' ? parsed.errors.map(({ file: _file, ...error }) => error) : [];
}

/** The config of a valid text. */
export function parsedConfig(text: string, variables: Record<string, string> = env) {
  const parsed = parseConfig(text, variables);
  if (parsed.kind !== 'read') throw new Error(JSON.stringify(parsed));
  return parsed.config;
}

/** A project with one link, to be put below `projects:`. */
export const projectYaml = (id: string, link = `{ queue: ${id}-q }`) => `  ${id}:\n    links:\n      - ${link}\n`;
