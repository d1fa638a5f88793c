export const helpText = `A Slack workspace in your browser, four projects with real queues, and syncbot. It leaves nothing
behind, but for a redis-server fetched once where none is installed.

  npm run demo                      starts it; Ctrl-C ends everything
  npm run demo -- fix payments      mends the rows that the target of payments refuses
  npm run demo -- compare [project] whether each target equals its source: exit code 0, else 1
  npm run demo -- --help            this text

DEMO_SLACK_PORT is the port of the workspace, 3000 unless set; fix and compare find the demo by it.
compare waits up to 30 s for tasks in flight. The links of a project that is not Running carry nothing: their targets
are behind by the changes that wait, until the project is started or restored.`;
