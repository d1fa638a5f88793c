import { prelude } from './script-prelude.ts';
import { defineScript } from './scripts.ts';

/**
 * What a look at a project has found. ARGV: 3 expected version, 4 the alert's kind, 5 the alert as it was read (JSON, empty:
 * none), 6 as it is from now on, 7 the event for the history, empty when there is none. 0: something moved in between.
 */
export const saveAlertScript = defineScript(`${prelude}
local field = 'alert:' .. ARGV[4]
local seen = redis.call('HMGET', stateKey, 'version', 'activeOperation', field)
if seen[1] ~= ARGV[3] or seen[2] ~= '' then return 0 end
if seen[3] == ARGV[6] then return 1 end
if (seen[3] or '') ~= ARGV[5] then return 0 end
redis.call('HSET', stateKey, field, ARGV[6])
if ARGV[7] ~= '' then audit(ARGV[7], '', { 'alert', ARGV[6], 'kind', ARGV[4] }) end
return 1
`);

/** ARGV: 3 the alert's kind, 4 what a channel was told of it, 5 '1' when a message was posted. */
export const markAlertNotifiedScript = defineScript(`${prelude}
if redis.call('EXISTS', stateKey) == 0 then return 0 end
redis.call('HSET', stateKey, 'delivered:' .. ARGV[3], ARGV[4])
if ARGV[5] == '1' then audit('alert_notified', '', { 'delivered', ARGV[4], 'kind', ARGV[3] }) end
return 1
`);

/** Somebody was refused before there was an operation. ARGV: 3 fields of the entry as JSON, all of them texts. */
export const recordRefusalScript = defineScript(`${prelude}
if redis.call('EXISTS', stateKey) == 0 then return 0 end
local fields = cjson.decode(ARGV[3])
redis.call('XADD', auditKey, 'MAXLEN', '~', settings.auditLength, '*', 'v', 1, 'at', whole(now), 'event', 'refused',
  'operation', '', 'version', redis.call('HGET', stateKey, 'version'), 'by', fields.by, 'action', fields.action,
  'reason', fields.reason, 'origin', fields.origin, 'channel', fields.channel, 'code', fields.code, 'refusal', fields.refusal)
return 1
`);
