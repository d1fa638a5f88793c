import { parse } from 'yaml';
import { z } from 'zod';

/** How Slack reaches the bot. */
export type SlackMode =
  | { readonly kind: 'socket' }
  /** `url`: where Slack sends its requests, with the path. */
  | { readonly kind: 'http'; readonly url: string };

/** Where the bot receives requests of Slack. */
export const requestPath = '/slack/events';

/** Returns the manifest of the Slack app. `template`: the `manifest.yml` of the package, for `/sync` and Socket Mode. */
export function createManifest(template: string, command: string, mode: SlackMode): string {
  const named = template.replace(/^( *- command: )\S+$/m, `$1${command}`);
  if (mode.kind === 'socket') return named;
  const { url } = mode;
  return named
    .replace(/^# 3\. .*$/m, '# 3. Its signing secret is SLACK_SIGNING_SECRET.')
    .replace(/^( *)should_escape: /m, (line, indent: string) => `${indent}url: ${url}\n${line}`)
    .replace(/^( *)bot_events:/m, (line, indent: string) => `${indent}request_url: ${url}\n${line}`)
    .replace(
      /^( *)is_enabled: true$/m,
      (line, indent: string) => `${line}\n${indent}request_url: ${url}\n${indent}message_menu_options_url: ${url}`,
    )
    .replace('socket_mode_enabled: true', 'socket_mode_enabled: false');
}

/** Whether `createManifest` returns exactly this manifest, for some command and mode. */
export function isUnchangedManifest(template: string, manifest: string): boolean {
  const read = readManifest(manifest);
  if (read === null) return false;
  const url = read.settings.interactivity.request_url;
  const mode: SlackMode = url === undefined ? { kind: 'socket' } : { kind: 'http', url };
  return read.features.slash_commands.some(({ command }) => createManifest(template, command, mode) === manifest);
}

/** Returns the request URL in a manifest. Null if it has none, or is no manifest. */
export function readRequestUrl(manifest: string): string | null {
  return readManifest(manifest)?.settings.interactivity.request_url ?? null;
}

function readManifest(manifest: string): z.infer<typeof manifestSchema> | null {
  try {
    return manifestSchema.safeParse(parse(manifest)).data ?? null;
  } catch {
    return null;
  }
}

const manifestSchema = z.object({
  features: z.object({ slash_commands: z.array(z.object({ command: z.string() })) }).default({ slash_commands: [] }),
  settings: z.object({ interactivity: z.object({ request_url: z.string().optional() }) }),
});
