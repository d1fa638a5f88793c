import { type Actor, linkName } from '../domain/project.ts';
import { utc, type Voice } from '../domain/words.ts';

/** Invisible characters, and those that reorder what stands around them: with them a name can look like another one. */
const hidden = /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
const loneSurrogate = /\p{Cs}/gu;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** `&`, `<` and `>` as Slack's entities: the only escapes of mrkdwn (docs.slack.dev/messaging/formatting-message-text). */
export function escapeText(raw: string): string {
  return raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** One line of visible, well-formed text: white space is collapsed, control and bidirectional characters are gone. */
export function visible(raw: string): string {
  return raw.replace(/\s+/gu, ' ').replace(hidden, '').replace(loneSurrogate, '\ufffd').trim();
}

/**
 * At most `max` UTF-16 units of `raw`, as `measured` (by default as it is); what is cut ends in `…`. A grapheme, such as a
 * family emoji, is kept whole or left out.
 */
export function truncate(raw: string, max: number, measured: (part: string) => string = (part) => part): string {
  if (raw.length <= max && measured(raw).length <= max) return raw;
  let kept = '';
  let length = 0;
  for (const { segment } of graphemes.segment(raw.slice(0, max + 64))) {
    length += measured(segment).length;
    if (length > max - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/**
 * Text of people or of YAML, safe in mrkdwn: at most `max` characters as sent, nothing in it mentions, links or formats.
 * `*`, `_`, `~` and the backtick have no escape in mrkdwn, so look-alikes stand in for them.
 */
export function safeText(raw: string, max = 200): string {
  const tame = visible(raw)
    .replaceAll('`', "'")
    .replaceAll('*', '∗')
    .replaceAll('~', '∼')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, 'ˍ');
  return escapeText(truncate(tame, max, escapeText));
}

/** A name in a code span, where nothing but the backtick has a meaning; at most `max` characters between the backticks. */
export function code(raw: string, max = 200): string {
  const name = escapeText(truncate(visible(raw).replaceAll('`', "'"), max, escapeText));
  return `\`${name === '' ? '?' : name}\``;
}

/** Finished mrkdwn cut to `max` at a space, and nothing in it is cut in two: no entity, mention, channel or moment. */
export function shorten(mrkdwn: string, max: number): string {
  if (mrkdwn.length <= max) return mrkdwn;
  const cut = mrkdwn.slice(0, max - 1);
  const space = cut.search(/\s\S*$/u);
  const kept = space > 0 ? cut.slice(0, space) : cut.replace(/&[a-z]*$/u, '');
  return `${kept.replace(/<[^>]*$/u, '').trimEnd()}…`;
}

const userId = /^[UW][A-Z0-9]{2,20}$/;
const channelId = /^[CGD][A-Z0-9]{2,20}$/;

/** Whether an actor is a person whom Slack knows: then they can be mentioned and written to. */
export function isSlackUser(actor: Actor): boolean {
  return userId.test(actor);
}

/** How facts are said in Slack. */
export function slackVoice(commandName: string): Voice {
  return {
    text: (raw, max) => safeText(raw, max),
    person: (actor) => (isSlackUser(actor) ? `<@${actor}>` : safeText(actor, 60)),
    channel: (id) => (channelId.test(id) ? `<#${id}>` : code(id, 60)),
    link: (link) => code(linkName(link), 80),
    // Each reader sees it in a time zone of their own.
    moment: (at) => `<!date^${Math.floor(at / 1_000)}^{date_short_pretty} {time}|${utc(at)}>`,
    command: (words) => code(`${commandName} ${words}`.trim(), 250),
  };
}
