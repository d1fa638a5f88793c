/** The frame of a modal. Slack allows 24 characters each for title and close. */
export const modal = {
  title: 'syncbot',
  close: 'Close',
  /** While the bot reads what the modal will show. */
  loading: 'Loading…',
};
