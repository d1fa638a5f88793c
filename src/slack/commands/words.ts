import type { ProjectName } from '../../domain/project-names.ts';
import { trimCharacters } from '../../lib/trim-characters.ts';
import { normalizeText, truncateText } from '../views/mrkdwn.ts';

const channelPattern = /^<#([CG][A-Z0-9]{2,20})(?:\|([^<>|]*))?>$/;

/** A channel stays as Slack sends it. Other words lose what phones add to them, and the `#` before a name. */
export function normalizeProject(word: string): string {
  const trimmed = trimCharacters(word, { start: isDecoration, end: isDecorationOrPunctuation });
  if (channelPattern.test(trimmed)) return trimmed;
  return truncateText(normalizeWord(word).replace(/^#+/, ''), 100);
}

/** What a word for a project means. */
export function readProjectName(word: string): ProjectName {
  const [, channel = null, name = ''] = channelPattern.exec(word) ?? [];
  return channel === null ? { text: word, channel } : { text: normalizeWord(name), channel };
}

/** Slack escapes `&`, `<` and `>` in the text of a command as entities. */
export function decodeEntities(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/**
 * Removes what phones and Slack add to a word: upper case, full-width forms, quotes, formatting, trailing punctuation,
 * and the markup of a link (`<http://acme.com|acme.com>`).
 */
export function normalizeWord(word: string): string {
  return trimCharacters(normalizeText(unwrapLink(word).normalize('NFKC')).toLowerCase(), {
    start: isDecoration,
    end: isDecorationOrPunctuation,
  });
}

export function unwrapLink(word: string): string {
  return word.replace(/^[*_~`]*<[^<>|]*\|([^<>|]*)>/u, '$1').replace(/^<([^<>|]*)>$/u, '$1');
}

export function isDecoration(character: string): boolean {
  return decoration.includes(character);
}

function isDecorationOrPunctuation(character: string): boolean {
  return isDecoration(character) || punctuation.includes(character);
}

const decoration = ' *~`\'"‘’‚‛“”„‟«»‹›';
const punctuation = '.,;:!';
