import { type Actor, linkName } from '../../domain/project.ts';
import { type Formatter, formatUtc } from '../../messages/format.ts';

/** Invisible characters, and those that reorder what stands around them: with them a name can look like another one. */
const hiddenCharacters = /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
const loneSurrogate = /\p{Cs}/gu;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** `&`, `<` and `>` as Slack's entities: the only escapes of mrkdwn (docs.slack.dev/messaging/formatting-message-text). */
export function escapeText(raw: string): string {
  return raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** One line of visible, well-formed text: white space is collapsed, control and bidirectional characters are gone. */
export function normalizeText(raw: string): string {
  return raw.replace(/\s+/gu, ' ').replace(hiddenCharacters, '').replace(loneSurrogate, '\ufffd').trim();
}

/**
 * At most `max` UTF-16 units of `raw`, as `measured` (by default as it is); what is cut ends in `…`. A grapheme, such as a
 * family emoji, is kept whole or left out.
 */
export function truncateText(raw: string, maxChars: number, encode: (part: string) => string = (part) => part): string {
  if (raw.length <= maxChars && encode(raw).length <= maxChars) return raw;
  let result = '';
  let length = 0;
  for (const { segment } of graphemes.segment(raw.slice(0, maxChars + 64))) {
    length += encode(segment).length;
    if (length > maxChars - 1) break;
    result += segment;
  }
  return `${result.trimEnd()}…`;
}

/**
 * Text of people or of YAML, safe in mrkdwn: at most `max` characters as sent, nothing in it mentions, links or formats.
 * `*`, `_`, `~` and the backtick have no escape in mrkdwn, so look-alikes stand in for them.
 */
export function safeText(raw: string, maxChars = 200): string {
  const neutralized = normalizeText(raw)
    .replaceAll('`', "'")
    .replaceAll('*', '∗')
    .replaceAll('~', '∼')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, 'ˍ');
  return escapeText(truncateText(neutralized, maxChars, escapeText));
}

/** A name in a code span, where nothing but the backtick has a meaning; at most `max` characters between the backticks. */
export function codeSpan(raw: string, maxChars = 200): string {
  const name = escapeText(truncateText(normalizeText(raw).replaceAll('`', "'"), maxChars, escapeText));
  return `\`${name === '' ? '?' : name}\``;
}

/** Finished mrkdwn cut to `max` at a space, and nothing in it is cut in two: no entity, mention, channel or moment. */
export function truncateMrkdwn(mrkdwn: string, maxChars: number): string {
  if (mrkdwn.length <= maxChars) return mrkdwn;
  const cut = mrkdwn.slice(0, maxChars - 1);
  const space = cut.search(/\s\S*$/u);
  const withoutPartial = space > 0 ? cut.slice(0, space) : cut.replace(/&[a-z]*$/u, '');
  return `${withoutPartial.replace(/<[^>]*$/u, '').trimEnd()}…`;
}

const userIdPattern = /^[UW][A-Z0-9]{2,20}$/;
const channelIdPattern = /^[CGD][A-Z0-9]{2,20}$/;

/** Whether an actor is a person whom Slack knows: then they can be mentioned and written to. */
export function isSlackUser(actor: Actor): boolean {
  return userIdPattern.test(actor);
}

/** How facts are said in Slack. */
export function slackFormatter(commandName: string): Formatter {
  return {
    text: (raw, max) => safeText(raw, max),
    person: (actor) => (isSlackUser(actor) ? `<@${actor}>` : safeText(actor, 60)),
    channel: (id) => (channelIdPattern.test(id) ? `<#${id}>` : codeSpan(id, 60)),
    link: (link) => codeSpan(linkName(link), 80),
    // Each reader sees it in a time zone of their own.
    time: (at) => `<!date^${Math.floor(at / 1_000)}^{date_short_pretty} {time}|${formatUtc(at)}>`,
    command: (words) => codeSpan(`${commandName} ${words}`.trim(), 250),
  };
}
