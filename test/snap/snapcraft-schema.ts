/**
 * snapcraft's own rules for the keys that `snap/snapcraft.yaml` has, as a schema; a key that is not
 * here is a mistake, or has to be looked up. Sources: the JSON schema and the models of snapcraft 8,
 * craft-parts' npm plugin, and `snap.Validate` of snapd.
 */

import * as z from 'zod';

const appName = z.string().regex(/^[a-zA-Z0-9](-?[a-zA-Z0-9])*$/);
const duration = z.string().regex(/^\d+(\.\d+)?(ns|us|ms|s|m)$/);
const plugNames = z.array(z.string().regex(/^[a-z](-?[a-z0-9])*$/)).min(1);
/** What snapd passes to `snap-exec` unquoted. */
const command = z.string().regex(/^[A-Za-z0-9/._#:$-][A-Za-z0-9/. _#:$-]*$/);

const app = z
  .strictObject({
    command,
    daemon: z.enum(['simple', 'forking', 'oneshot', 'notify', 'dbus']).optional(),
    'reload-command': command.optional(),
    'restart-condition': z
      .enum([
        'on-success',
        'on-failure',
        'on-abnormal',
        'on-abort',
        'on-watchdog',
        'always',
        'never',
      ])
      .optional(),
    'restart-delay': duration.optional(),
    'stop-timeout': duration.optional(),
    timer: z
      .string()
      .regex(/^\d{1,2}:\d{2}([~-]\d{1,2}:\d{2})?(\/\d+)?$/)
      .optional(),
    plugs: plugNames.optional(),
  })
  .refine(
    ({ daemon, ...rest }) =>
      daemon !== undefined ||
      !['reload-command', 'restart-condition', 'restart-delay', 'stop-timeout', 'timer'].some(
        (key) => key in rest,
      ),
    'only a daemon has a timer, restarts, stops or reloads',
  );

const npmPart = z.strictObject({
  plugin: z.literal('npm'),
  source: z.string(),
  'npm-include-node': z.literal(true),
  // Exact, because another one is another program; the plugin takes ranges, too.
  'npm-node-version': z.string().regex(/^24\.\d+\.\d+$/),
  'override-build': z.string(),
  prime: z.array(z.string().regex(/^-?[\w./*-]+$/)),
});
const dumpPart = z.strictObject({ plugin: z.literal('dump'), source: z.string() });

/** The whole file. */
export const snapcraftSchema = z.strictObject({
  name: z
    .string()
    .regex(/^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/)
    .max(40),
  title: z.string().min(2).max(40),
  version: z
    .string()
    .regex(/^[a-zA-Z0-9](?:[a-zA-Z0-9:.+~-]*[a-zA-Z0-9+~])?$/)
    .max(32),
  summary: z.string().min(1).max(78),
  description: z.string().min(1).max(4096),
  license: z.literal('Apache-2.0'),
  base: z.literal('core24'),
  grade: z.enum(['stable', 'devel']),
  confinement: z.literal('strict'),
  platforms: z.record(z.enum(['amd64', 'arm64']), z.null()),
  plugs: z.strictObject({
    'numa-nodes': z.strictObject({
      interface: z.literal('system-files'),
      // `interfaces/builtin/common_files.go`: absolute, clean, without patterns.
      read: z.array(z.string().regex(/^(\/[\w.-]+)+$/)).min(1),
    }),
  }),
  slots: z.strictObject({
    'epa-info': z.strictObject({
      interface: z.literal('content'),
      content: z.string(),
      // `interfaces/builtin/content.go`: below $SNAP, $SNAP_DATA or $SNAP_COMMON, and clean.
      source: z.strictObject({
        write: z.array(z.string().regex(/^\$SNAP_(DATA|COMMON)(\/[\w-]+)+$/)).min(1),
      }),
    }),
  }),
  apps: z.record(appName, app),
  parts: z.strictObject({ 'epa-orchestrator': npmPart, commands: dumpPart }),
});

/** The file, read and checked. */
export type Snapcraft = z.output<typeof snapcraftSchema>;
