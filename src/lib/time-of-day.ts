/** `no_such_time`: it has the form of a time of day, such as `25:00`. */
export type ParsedTimeOfDay =
  | { readonly kind: 'time' /** Since midnight. */; readonly minutes: number }
  | { readonly kind: 'no_such_time' | 'no_time' };

/** Parses a time of day in lower case: `18:30`, `18.30`, `6:30 pm`, `6pm`, with or without `at` before it. */
export function parseTimeOfDay(text: string): ParsedTimeOfDay {
  const [, hoursText, minutesText = '0', half] =
    /^(?:at )?(\d{1,2})(?:[:.](\d\d))? ?(?:([ap])\.?m\.?)?$/.exec(text) ?? [];
  if (hoursText === undefined || !/[:.ap]/.test(text.replace(/^at /, ''))) return { kind: 'no_time' };
  const [hours, minutes] = [Number(hoursText), Number(minutesText)];
  const areHoursValid = half === undefined ? hours <= 23 : hours >= 1 && hours <= 12;
  if (!areHoursValid || minutes > 59) return { kind: 'no_such_time' };
  const fromMidnight = half === undefined ? hours : (hours % 12) + (half === 'p' ? 12 : 0);
  return { kind: 'time', minutes: fromMidnight * 60 + minutes };
}
