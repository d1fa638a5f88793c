import { linkName } from '../../domain/link.ts';
import { type Actor, isSlackUser, timerActor } from '../../domain/project.ts';
import { type Formatter, formatUtc } from '../../messages/format.ts';

/** Invisible characters and characters that change the text direction. With them a name can look like another one. */
const hiddenCharacters = /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
const loneSurrogate = /\p{Cs}/gu;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Escapes `&`, `<` and `>`. mrkdwn has no other escapes (docs.slack.dev/messaging/formatting-message-text). */
export function escapeText(raw: string): string {
  return raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Makes one line of visible, well-formed text: collapses white space, removes control and bidirectional characters. */
export function normalizeText(raw: string): string {
  return raw.replace(/\s+/gu, ' ').replace(hiddenCharacters, '').replace(loneSurrogate, '\ufffd').trim();
}

/**
 * Cuts `raw` so that `encode(result)` has at most `maxChars` UTF-16 units. A cut text ends in `…`. Graphemes, such as a family
 * emoji, are not cut.
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
 * Makes text from outside safe in mrkdwn: nothing in it mentions, links or formats. The escaped text has at most `maxChars`
 * characters. mrkdwn has no escape for `*`, `_`, `~` and the backtick, so similar characters replace them.
 */
export function safeText(raw: string, maxChars = 200): string {
  const neutralized = normalizeText(raw)
    .replaceAll('`', "'")
    .replaceAll('*', '∗')
    .replaceAll('~', '∼')
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, 'ˍ');
  return escapeText(truncateText(neutralized, maxChars, escapeText));
}

/** Text from outside for a label, which is not mrkdwn: nothing in it looks like a mention. At most `maxChars` characters. */
export function plainLabel(raw: string, maxChars: number): string {
  return truncateText(normalizeText(raw).replaceAll('<', '‹').replaceAll('>', '›'), maxChars);
}

/** A name in a code span, where only the backtick has a meaning. At most `maxChars` characters between the backticks. */
export function codeSpan(raw: string, maxChars = 200): string {
  const name = escapeText(truncateText(normalizeText(raw).replaceAll('`', "'"), maxChars, escapeText));
  return `\`${name === '' ? '?' : name}\``;
}

/** Cuts finished mrkdwn at a space to at most `maxChars`. Never cuts inside an entity, a mention, a channel or a date. */
export function truncateMrkdwn(mrkdwn: string, maxChars: number): string {
  if (mrkdwn.length <= maxChars) return mrkdwn;
  const cut = mrkdwn.slice(0, maxChars - 1);
  const space = cut.search(/\s\S*$/u);
  const withoutPartial = space > 0 ? cut.slice(0, space) : cut.replace(/&[a-z]*$/u, '');
  return `${withoutPartial.replace(/<[^>]*$/u, '').trimEnd()}…`;
}

const channelIdPattern = /^[CGD][A-Z0-9]{2,20}$/;
const userGroupIdPattern = /^S[A-Z0-9]{2,20}$/;

/** Mentions a user or a user group, which notifies them when the message is posted. */
export function mention(id: string): string {
  if (isSlackUser(id)) return `<@${id}>`;
  return userGroupIdPattern.test(id) ? `<!subteam^${id}>` : safeText(id, 60);
}

/** A user of the command line is recorded as `cli:<user>`. Nothing that looks like a mention stands for the timer. */
function formatPerson(actor: Actor): string {
  if (actor === timerActor) return 'the timer';
  if (isSlackUser(actor)) return mention(actor);
  const [, cliUser] = /^cli:(.*)$/su.exec(actor) ?? [];
  return cliUser === undefined ? safeText(actor, 60) : `${safeText(cliUser, 60)} on the command line`;
}

/** Slack shows no name for the channel of a direct message. */
function formatChannel(id: string): string {
  if (!channelIdPattern.test(id)) return codeSpan(id, 60);
  return id.startsWith('D') ? 'a direct message' : `<#${id}>`;
}

/** Slack shows the date in each reader's time zone. `fallback` is for clients that cannot. */
function formatDate(at: number, pattern: string, fallback: string): string {
  return `<!date^${Math.floor(at / 1_000)}^${pattern}|${fallback}>`;
}

/** The same formatter, with the ids of people in place of mentions. Slack does not notify them. */
export function withoutMentions(format: Formatter): Formatter {
  return { ...format, person: (actor) => (isSlackUser(actor) ? codeSpan(actor) : format.person(actor)) };
}

/** The formatter of Slack. `commandName` is the slash command, such as `/sync`. */
export function slackFormatter(commandName: string): Formatter {
  return {
    text: (raw, max) => safeText(raw, max),
    person: formatPerson,
    channel: formatChannel,
    link: (link) => codeSpan(linkName(link), 80),
    time: (at) => formatDate(at, '{date_short_pretty} {time}', formatUtc(at)),
    at: (at) => formatDate(at, '{date_short_pretty} at {time}', `at ${formatUtc(at)}`),
    command: (words) => codeSpan(`${commandName} ${words}`.trim(), 250),
  };
}
