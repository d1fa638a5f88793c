// `node scripts/check-words.mjs [folder]`: fails when code, tests or docs use a word that this project has retired.
// Each row: the retired word as a regular expression, then what to write instead. docs/concepts.md has the terms of the product.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const retiredWords = [
  // Actors and verbs: name who acts, and use the standard verb.
  ['somebody|someone', 'the actor: the operator, the bot, the worker, another process'],
  ['nobody|no one', 'the actor, or "not … by any process"'],
  ['whoever|whomever|by whom', 'the actor'],
  ['teller|tellers', 'notifier'],
  ['told|untold', 'notified, posted, reported'],
  ['is heard|are heard|was heard|were heard|be heard|hears|unheard', 'receives, received, unhandled'],
  ['mend|mends|mended|mending', 'fix, repair'],
  ['heed|heeds|heeded', 'honors'],
  ['aside', 'in the background; BullMQ names the list `paused`'],
  // Names of the old dialect.
  ['deed|deeds', 'operation kind'],
  ['desk', 'listener context'],
  ['voice', 'formatter, format'],
  ['loudest|loudness', 'critical'],
  ['fading', 'resolving'],
  ['finding|findings', 'condition'],
  ['hopeless', 'permanent'],
  ['patience|patient|impatient', 'retry delay'],
  ['holder', 'active operation'],
  ['converge|converges|converged|converging|convergence', 'reconcile, reconciled'],
  ['drives|driven|drove', 'sets, reconciles'],
  ['put back|puts back|putBack|put-back', 'retry failed tasks'],
  ['worked on', 'used, in use'],
  ['riddle|theatre|witness|witnesses|testify|keeper', 'harness, invariant, supervised process'],
  ['upkeep', 'reconcile'],
  ['wanted', 'desired'],
  ['figure|figures', 'metric, stat, number'],
  // Negative definitions and fronted fragments.
  ['Null: [a-z]+', '"Returns null when …" or "Null when …"'],
  ['False: [a-z]+', '"Returns false if …"'],
  ['True: [a-z]+', '"Returns true if …"'],
  ['what is so|how things stand|as it stands|stands there', 'the state, the current value'],
  ['lies in|lie in|lies there', 'is in'],
];

/** A retired word where it is really meant: a file (or the start of its path), the word, and why. */
const exceptions = [
  ['scripts/check-words.mjs', '', 'the list itself'],
  ['test/scripts/check-words.test.ts', '', 'plants words that must be found'],
];

const root = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url));
const checked = /\.(ts|mjs|lua|md|yml)$|^Dockerfile$/;
// A word counts on its own and as a part of a camelCase name: `toldFetch` and `isTold` are found, `withhold` is not.
const patterns = retiredWords.map(([words, instead]) => ({ instead, find: toPattern(words) }));

const hits = trackedFiles().flatMap(findRetiredWords);
for (const { file, line, word, instead } of hits) print(`${file}:${line}: "${word}": write ${instead}`);
print(hits.length === 0 ? 'words: no retired word' : `words: ${hits.length} retired words`);
process.exitCode = hits.length === 0 ? 0 : 1;

function toPattern(words) {
  const capitalized = words
    .split('|')
    .filter((word) => /^[a-z]+$/.test(word))
    .map((word) => word[0].toUpperCase() + word.slice(1));
  const inName = capitalized.length === 0 ? [] : [`(?<=[a-z])(?:${capitalized.join('|')})(?![a-z])`];
  const alone = words
    .split('|')
    .flatMap((word) => [word, word[0].toUpperCase() + word.slice(1)])
    .join('|');
  return new RegExp([`(?<![A-Za-z])(?:${alone})(?![a-z])`, ...inName].join('|'), 'g');
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

function trackedFiles() {
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return list.split('\n').filter((file) => checked.test(file) && existsSync(join(root, file)));
}

function findRetiredWords(file) {
  const text = readFileSync(join(root, file), 'utf8');
  return text
    .split('\n')
    .flatMap((content, index) =>
      patterns.flatMap(({ find, instead }) =>
        [...content.matchAll(find)]
          .filter(([word]) => !isException(file, word))
          .map(([word]) => ({ file, line: index + 1, word, instead })),
      ),
    );
}

function isException(file, word) {
  return exceptions.some(
    ([path, meant]) => file.startsWith(path) && (meant === '' || meant.toLowerCase() === word.toLowerCase()),
  );
}
