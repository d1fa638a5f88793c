import { isUserGroup, type Policy } from '../domain/authorization.ts';

/** Scopes of the bot token without which the bot cannot do its work. */
export const requiredScopes = ['commands', 'chat:write'] as const;

/** The scopes that `manifest.yml` marks as optional, and when the policy needs them. */
export const optionalScopes = [
  { scope: 'usergroups:read', isNeeded: ({ operators }: Policy) => operators.some(isUserGroup) },
  { scope: 'channels:read', isNeeded: ({ channels }: Policy) => channels.length === 0 },
  { scope: 'groups:read', isNeeded: ({ channels }: Policy) => channels.length === 0 },
  { scope: 'app_mentions:read', isNeeded: () => false },
  { scope: 'users:read', isNeeded: () => false },
] as const;

type OptionalScope = (typeof optionalScopes)[number]['scope'];

/** The scopes that a bot token does not have. `needed`: changes that the policy allows are refused without them. */
export interface MissingScopes {
  readonly needed: readonly ((typeof requiredScopes)[number] | OptionalScope)[];
  readonly optional: readonly OptionalScope[];
}

export function findMissingScopes(granted: readonly string[], policy: Policy): MissingScopes {
  const missingOptional = optionalScopes.filter(({ scope }) => !granted.includes(scope));
  const neededOptional = missingOptional.filter(({ isNeeded }) => isNeeded(policy));
  return {
    needed: [
      ...requiredScopes.filter((scope) => !granted.includes(scope)),
      ...neededOptional.map(({ scope }) => scope),
    ],
    optional: missingOptional.filter((entry) => !neededOptional.includes(entry)).map(({ scope }) => scope),
  };
}
