/** One example of each kind of secret that a log line must not contain. */
export const secrets = {
  botToken: 'xoxb-12345-67890-hushbot',
  appToken: 'xapp-1-A012-345-hushapp',
  cookie: 'xoxd-hush%2Bcookie%3D',
  responseUrl: 'https://hooks.slack.com/commands/T012/345/hushurl',
  otherUrl: 'http://127.0.0.1:4567/response/hush',
  socketUrl: 'wss://wss-primary.slack.com/link/?ticket=hush-ticket',
  triggerId: '13345224609.738474920.8088930838d88f008e0',
  signature: `v0=${'a1b2c3d4'.repeat(8)}`,
  redisUrl: 'redis://bot:hush-password@10.9.8.7:6379/0',
  sentinelUrl: 'rediss+sentinel://:hush-password@sentinel-1:26379/primary?sentinelPassword=hush-sentinel',
  host: 'redis.prod.internal',
  hostPort: 'redis-1:6379',
  ip: '10.9.8.7',
  ipV6: '2001:db8::8a2e:370:7334',
  email: 'bob.smith@example.co.uk',
} as const;

/** The parts of these secrets that must not be in a log line. */
export const secretFragments: readonly string[] = [
  'hush',
  secrets.triggerId,
  'a1b2c3d4',
  'prod.internal',
  'redis-1',
  'sentinel-1',
  secrets.ip,
  '8a2e',
  'bob.smith',
  'example.co.uk',
  '127.0.0.1',
];
