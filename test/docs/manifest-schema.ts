import { z } from 'zod';

/**
 * The limits that Slack publishes for an app manifest (slackapi/manifest-schema, version 2), for the keys that this app
 * uses. Other keys are refused here although Slack may accept them.
 */
const httpsUrl = (longest: number) =>
  z
    .string()
    .max(longest)
    .regex(/^https:\/\//);
const text = (longest: number, least = 1) => z.string().min(least).max(longest);

const slashCommand = z.strictObject({
  command: text(32, 2).startsWith('/'),
  url: httpsUrl(3_000).optional(),
  description: text(2_000),
  usage_hint: text(1_000).optional(),
  should_escape: z.boolean().optional(),
});

const scopeList = z.array(text(50)).max(255);

export const manifestSchema = z.strictObject({
  display_information: z.strictObject({
    name: text(35),
    description: text(140).optional(),
    long_description: text(4_000, 175).optional(),
    background_color: z
      .string()
      .regex(/^#([0-9a-f]{3}){1,2}$/i)
      .optional(),
  }),
  features: z.strictObject({
    app_home: z
      .strictObject({
        home_tab_enabled: z.boolean().optional(),
        messages_tab_enabled: z.boolean().optional(),
        messages_tab_read_only_enabled: z.boolean().optional(),
      })
      .optional(),
    bot_user: z.strictObject({ display_name: text(80), always_online: z.boolean().optional() }),
    slash_commands: z.array(slashCommand).min(1).max(50),
    shortcuts: z
      .array(
        z.strictObject({
          name: text(24),
          type: z.enum(['message', 'global']),
          callback_id: text(255),
          description: text(150),
        }),
      )
      .max(10),
  }),
  oauth_config: z.strictObject({ scopes: z.strictObject({ bot: scopeList, bot_optional: scopeList }) }),
  settings: z.strictObject({
    event_subscriptions: z.strictObject({
      request_url: httpsUrl(3_500).optional(),
      bot_events: z.array(text(255)).max(100),
    }),
    interactivity: z.strictObject({
      is_enabled: z.boolean(),
      request_url: httpsUrl(3_500).optional(),
      message_menu_options_url: httpsUrl(3_500).optional(),
    }),
    org_deploy_enabled: z.boolean().optional(),
    socket_mode_enabled: z.boolean().optional(),
    token_rotation_enabled: z.boolean().optional(),
  }),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Returns the reasons why a manifest within the limits does not work. */
export function manifestErrors({ features, settings }: Manifest): string[] {
  const { interactivity, event_subscriptions: events } = settings;
  const urls = [interactivity.request_url, events.request_url, ...features.slash_commands.map(({ url }) => url)];
  if (settings.socket_mode_enabled === true) {
    return urls.some((url) => url !== undefined) ? ['a request URL is not used in Socket Mode'] : [];
  }
  return urls.some((url) => url === undefined)
    ? ['HTTP mode needs a request URL for each command, for interactivity and for events']
    : [];
}
