/**
 * Errors of syncbot.yml and of the environment. Most follow the name of a key or variable: "PORT is not a port number". No
 * text quotes a value, because a value can be a secret.
 */
export const configMessages = {
  missing: 'is missing',
  empty: 'is empty',
  duplicate: 'is a duplicate',
  unprintable: 'contains unprintable characters',
  wrongType: (expected: string) => `is not ${typeNames[expected] ?? expected}`,
  wrongFileType: (expected: string) => `The file is not ${typeNames[expected] ?? expected}`,
  tooLong: (maxLength: number) => `is longer than ${maxLength} characters`,
  tooManyEntries: (maxEntries: number) => `has more than ${maxEntries} entries`,
  notInteger: 'is not a whole number',
  tooSmall: (min: number) => `is less than ${min}`,
  tooLarge: (max: number) => `is more than ${max}`,
  notDuration: 'is not a duration',
  durationOutOfRange: (from: string, to: string) => `is not between ${from} and ${to}`,
  notOperatorId: 'is not the id of a user or user group',
  notChannelId: 'is not the id of a channel',
  notRunbook: 'is not an http or https URL without a user name and password',
  notSeverity: 'is not critical, warning or info',
  noId: 'has no id',
  notTimeOfDay: 'is not a time of day',
  notTimeZone: 'is not a known time zone',
  notFailurePolicy: 'is not pause or continue',
  colonInQueueName: 'must not contain ":"',
  reservedPrefix: "is reserved for the bot's own queues",
  noLinks: 'is empty: a project needs at least one link',

  unknownKey: 'is an unknown key',
  didYouMean: (similar: string) => `Did you mean ${similar}?`,
  keysAre: (keys: readonly string[]) => `The keys here are: ${keys.join(', ')}.`,
  writeValue: (expected: string, example: string | undefined) =>
    `Write ${expected}${example === undefined ? '' : `, such as ${example}`}.`,

  reservedConnectionName: 'is reserved for REDIS_URL',
  invalidConnectionName: 'is not a valid name of a connection',
  reservedProjectId: 'is a reserved word of the /sync command',
  invalidProjectId: 'is not a valid project id',
  chooseAnotherName: 'Choose another name.',
  nameRules: 'Use 1 to 63 of a-z, 0-9, "-" and "_". Start with a letter or a digit.',
  unknownLabel: 'is not a label of a project',
  labelsDisagree: (key: string) => ({
    message: `have different values of ${key}`,
    hint: `Set ${key} in the project, or in only one of these labels.`,
  }),
  unknownConnection: 'is not one of the connections',
  connectionsAre: (names: readonly string[]) => `The connections are: ${names.join(', ')}.`,
  linkListedTwice: 'is listed twice in this project',
  linkInOtherProject: (project: string) => `is already a link of project ${project}`,
  removeDuplicateLink: 'Remove one of the two entries.',
  removeLink: 'A link belongs to exactly one project. Remove it from the other one.',

  emptyFile: 'The file is empty',
  writeProjects: 'Write at least `projects: {}`.',
  writeKeys: 'Write keys such as `projects:`.',
  notASection: { message: 'The file is not a section with keys', hint: 'Write keys such as `projects:`.' },
  inOtherFile: (path: string, file: string, line: number) => ({
    message: `is also in ${file}:${line}`,
    hint: `Write ${path} in one file only.`,
  }),
  emptyFolder: (path: string) => `${path} has no file *.yml or *.yaml. ${createFile}`,
  fileNotFound: (path: string) =>
    `${path} does not exist. Create it with syncbot discover, or set SYNCBOT_CONFIG to another file.`,
  fileNotReadable: (path: string, code: string) => `${path} cannot be read (${code}). ${createFile}`,

  yaml: {
    duplicateKey: { message: 'This key appears twice', hint: 'Remove or rename one of them.' },
    nonStringKey: { message: 'A key is not plain text', hint: 'Write keys as plain text.' },
    tabIndent: { message: 'A tab is used for indentation', hint: 'Use spaces.' },
    badIndent: { message: 'The indentation does not match the lines above, or a bracket is not closed', hint: null },
    multipleDocuments: { message: 'A second YAML document starts here', hint: 'Write one document, without `---`.' },
    unknownTag: { message: 'The YAML tag (`!…`) is unknown', hint: 'Write plain values.' },
    badAlias: {
      message: 'The alias (`*…`) has no anchor (`&…`) above it',
      hint: 'Put text that starts with * in quotes.',
    },
    tooComplex: { message: 'The file is nested too deeply or has too many aliases', hint: null },
    invalid: (reason: string) => ({ message: `This is not valid YAML (${reason})`, hint: null }),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the user writes this in the file
    quoteVariable: 'Put "${NAME}" in quotes inside { } and [ ].',
  },
  invalidVariable: {
    message: 'has a ${ without a valid variable name',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the user writes this in the file
    hint: 'Write ${NAME} for a variable, or $${ for the characters ${.',
  },
  variableNotSet: (name: string) => ({
    message: `needs the variable ${name}, which is not set`,
    hint: `Set ${name} in the environment.`,
  }),

  redisUrl: {
    invalid: 'is not a Redis URL',
    /** Follows each of these if the URL has a password. */
    encodePassword: (message: string) =>
      `${message}; if the password contains special characters, percent-encode them (@ %40, : %3A, / %2F, ? %3F, # %23, % %25)`,
    noHost: 'has no host',
    fragment: 'must not have "#" (in a password, write %23)',
    parametersWithAt: 'must not have "@" after "?" (write %40)',
    invalidDatabase: 'has a database that is not a number',
    invalidNode: 'has an invalid host or port',
    invalidCredentials: 'has a user name or password with invalid percent-encoding',
    databaseInCluster: 'must not have a database, because a cluster has only one',
    noMaster: 'has no name of a master after the hosts',
    parameterNeedsTls: (name: string) => `has ${name} without TLS: write rediss instead of redis at its start`,
    unknownParameter: (known: readonly string[]) =>
      known.length === 0
        ? 'must not have "?" (in a password, write %3F)'
        : `has a parameter after "?" that is not known: write name=value, with ${known.join(', ')}`,
    repeatedParameter: (name: string) => `has ${name} twice`,
    invalidParameterEncoding: (name: string) => `has ${name} with invalid percent-encoding (for % write %25)`,
    invalidServername: 'has a servername that is not a host name',
    invalidSentinelTls: 'has a sentinelTls that is not true or false',
    certWithoutKey: 'must have cert and key, or neither',
    foreignKey: 'has a key that does not belong to cert',
    /** A key that is written out must not be quoted. */
    relativePath: (name: string) => `must have for ${name} the path of a file, from / on`,
    files: {
      missing: (name: string, path: string) => `has ${name}=${path}, but that file does not exist`,
      noPermission: (name: string, path: string) => `has ${name}=${path}, but this user may not read that file`,
      notFile: (name: string, path: string) => `has ${name}=${path}, but that is not a file`,
      unreadable: (name: string, path: string) => `has ${name}=${path}, but that file cannot be read`,
      notCertificate: (name: string, path: string) =>
        `has ${name}=${path}, but that file does not begin with a certificate in PEM format`,
      notKey: (name: string, path: string) =>
        `has ${name}=${path}, but that file is not a private key in PEM format without a passphrase`,
    },
  },

  notPort: 'is not a port number',
  notHost: 'is not an IP address or a host name',
  unprintableToken: 'contains spaces or unprintable characters',
  wrongTokenKind: 'holds a token of another kind',
  notWebUrl: 'is not an http or https URL',
  urlWithCredentials: 'has a user name or a password: requests are signed instead',
  notSlashCommand: 'is not a slash command',
  notKeyPrefix: 'is not a prefix of keys',
  notLogLevel: 'is not a log level',
  missingAuditWebhook: 'is missing, and the other variable of the audit webhook is set',
  notWebhookSecret: 'is not a key of a webhook: whsec_ and 24 to 64 bytes in base64',
  portConflict: { message: 'is the same port as PORT', hint: 'Set PORT or ADMIN_PORT to another port.' },
  missingTransport: {
    message: 'is missing, and so is SLACK_SIGNING_SECRET',
    hint: 'Set SLACK_APP_TOKEN (xapp-…) for Socket Mode, or SLACK_SIGNING_SECRET for HTTP at /slack/events on PORT.',
  },
};

/** The `expected` of zod's `invalid_type` issues. */
const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'a section with keys',
  record: 'a section with keys',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
};

const createFile = 'Create it, or set SYNCBOT_CONFIG to another file.';
