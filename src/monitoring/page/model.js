'use strict';

// What is known of the jobs, and what state that is. Nothing here touches the page or the network.

// Metrics that only a job has: a name that ends in one of them gives the prefix.
const SIGNS = ['last_completion_timestamp_seconds', 'interrupted', 'heartbeat_timestamp_seconds'];
const HISTORY = ['success', 'duration_seconds', 'last_completion_timestamp_seconds', 'interrupted',
  'start_timestamp_seconds'];
const PUSHES = ['push_time_seconds', 'push_failure_time_seconds'];

// Worst first.
const STATES = [
  {name: 'push failed', style: 'push-failed', symbol: '↯'},
  {name: 'interrupted', style: 'interrupted', symbol: '◇'},
  {name: 'failed', style: 'failed', symbol: '✕'},
  {name: 'overdue', style: 'overdue', symbol: '!'},
  {name: 'running', style: 'running', symbol: '▶'},
  {name: 'ok', style: 'ok', symbol: '✓'},
];

const escapeRegex = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

// The prefix of a metric's name, if it ends in one of these.
function prefixOf(name, endings) {
  const ending = endings.find((one) => name.endsWith(one));
  return ending === undefined ? undefined : name.slice(0, -ending.length);
}

// A group's identity: its labels without empty ones, in a fixed order.
function identity(labels) {
  return JSON.stringify(Object.entries(labels).filter(([, value]) => value !== '').sort());
}

// Puts samples together to jobs. A sample is {name, labels, value}; `prefixes` are those that jobs have, `metrics` the
// names of the metric catalogue, which have no prefix.
class Jobs {
  constructor(prefixes, metrics) {
    this.prefixes = prefixes;
    this.metrics = metrics;
    this.byKey = new Map();
    this.pushes = new Map();
  }

  // The job that a sample belongs to, and which of its metrics the sample is.
  locate(name, labels) {
    for (const prefix of this.prefixes) {
      const metric = name.startsWith(prefix) ? name.slice(prefix.length) : '';
      if (!this.metrics.includes(metric)) continue;
      const own = metric.startsWith('step_') ? 'step' : metric === 'runs_total' ? 'status' : undefined;
      const group = Object.fromEntries(Object.entries(labels).filter(([label]) => label !== own));
      return {key: prefix + identity(group), prefix, metric, group, part: own && labels[own]};
    }
    return undefined;
  }

  add({name, labels, value}) {
    if (PUSHES.includes(name)) {
      const key = identity(labels);
      if (!this.pushes.has(key)) this.pushes.set(key, {labels});
      this.pushes.get(key)[name] = value;
      return;
    }
    const place = this.locate(name, labels);
    if (!place) return;
    const job = this.job(place.key, place.prefix, place.group);
    if (place.part === undefined) job.values[place.metric] = value;
    else if (place.metric === 'runs_total') job.counts.set(place.part, value);
    else job.steps.set(place.part, {...job.steps.get(place.part), [place.metric]: value});
  }

  job(key, prefix, labels) {
    if (!this.byKey.has(key)) {
      this.byKey.set(key, {key, prefix, labels, values: {}, counts: new Map(), steps: new Map(), runs: []});
    }
    return this.byKey.get(key);
  }

  // Those that are jobs, worst first. What merely ends in the same letters (`probe_success`) has neither a start nor
  // an end. A group whose only push was rejected has no metrics, and yet is worth knowing of.
  list(now) {
    const jobs = [...this.byKey.values()].filter(({values}) =>
      ('success' in values || 'running' in values) &&
      ('start_timestamp_seconds' in values || 'interrupted' in values || 'last_completion_timestamp_seconds' in values));
    const known = new Set(jobs.map((job) => identity(job.labels)));
    for (const [key, push] of this.pushes) {
      if (!known.has(key) && isRejected(push)) jobs.push(this.job(key, '', push.labels));
    }
    for (const job of jobs) {
      job.push = this.pushes.get(identity(job.labels));
      job.name = job.labels.exported_job ?? job.labels.job ?? '';
      job.state = stateOf(job, now);
    }
    const rank = (job) => STATES.indexOf(job.state);
    return jobs.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) ||
      (a.key < b.key ? -1 : 1));
  }
}

const isRejected = (push) => push?.push_failure_time_seconds > (push?.push_time_seconds ?? 0);

// When the job should have succeeded, or ended, by; undefined without an expectation.
function dueTime({values}) {
  const next = values.next_run_timestamp_seconds;
  if (next !== undefined) return next + (values.schedule_grace_seconds ?? 0);
  if (values.expected_interval_seconds === undefined) return undefined;
  return (values.last_success_timestamp_seconds ?? 0) + values.expected_interval_seconds;
}

// As `pushmetrics list` has it.
function stateOf(job, now) {
  const {values} = job;
  const named = (name) => STATES.find((state) => state.name === name);
  if (isRejected(job.push)) return named('push failed');
  if (values.running === 1) return named('running');
  if (values.interrupted === 1) return named('interrupted');
  if (values.success === 0) return named('failed');
  return named(dueTime(job) < now ? 'overdue' : 'ok');
}

// The runs that a job's samples over time show, oldest first: {end, start, duration, result}. `times` are the points
// of the query; `series` gives for each metric a Map from time to value; `least` the least `success` since the point
// before. Of several runs between two points the last is seen, and that one of them failed.
function runsOf(times, series, least, isScraped) {
  const at = (metric, time) => series[metric]?.get(time);
  const runs = new Map();
  let before;
  for (const time of times) {
    const success = at('success', time);
    const completion = at('last_completion_timestamp_seconds', time);
    const start = at('start_timestamp_seconds', time);
    const interrupted = at('interrupted', time) === 1;
    if (success === 1 && least?.get(time) === 0 && (!isScraped || before === 1)) {
      runs.set(`unseen ${time}`, {end: time, result: 'failed', isUnseen: true});
    }
    before = success;
    const end = interrupted ? start ?? completion : completion;
    if (success === undefined || end === undefined) continue;
    const result = interrupted ? 'interrupted' : success === 1 ? 'ok' : 'failed';
    runs.set(`${result === 'interrupted'} ${end}`,
      {end, duration: interrupted ? undefined : at('duration_seconds', time), result});
  }
  return [...runs.values()].sort((a, b) => a.end - b.end);
}

// The only run that a Pushgateway knows.
function lastRunOf({values}) {
  if (values.success === undefined) return [];
  const interrupted = values.interrupted === 1;
  const end = interrupted ? values.start_timestamp_seconds : values.last_completion_timestamp_seconds;
  if (end === undefined) return [];
  const duration = interrupted ? undefined : values.duration_seconds;
  return [{end, duration, result: interrupted ? 'interrupted' : values.success === 1 ? 'ok' : 'failed'}];
}

const worstOf = (runs) => ['failed', 'interrupted', 'ok'].find((result) => runs.some((run) => run.result === result));

// What a strip of `count` cells shows: of each cell its worst run, or the result that still holds.
function cellsOf(runs, from, to, count) {
  const width = (to - from) / count;
  const cells = [];
  let held = runs.findLast((run) => run.end < from)?.result;
  for (let index = 0; index < count; index++) {
    const start = from + index * width;
    const within = runs.filter((run) => run.end >= start && run.end < start + width);
    cells.push({start, end: start + width, runs: within, result: worstOf(within), held});
    held = within.findLast((run) => !run.isUnseen)?.result ?? held;
  }
  return cells;
}

// The median of the durations of the runs that succeeded; undefined of fewer than five.
function usualDuration(runs) {
  const durations = runs.filter((run) => run.result === 'ok' && run.duration >= 0).map((run) => run.duration);
  if (durations.length < 5) return undefined;
  durations.sort((a, b) => a - b);
  return durations[Math.floor(durations.length / 2)];
}

// In short, why a job is not ok.
function reasonOf(job, now) {
  const {values} = job;
  const inARow = values.consecutive_failures > 1 ? `, ${values.consecutive_failures} in a row` : '';
  switch (job.state.name) {
    case 'push failed':
      return 'last push rejected: these values are older';
    case 'running':
      return values.start_timestamp_seconds === undefined ? '' : `for ${age(values.start_timestamp_seconds, now)}`;
    case 'interrupted':
      return values.oom_kills > 0 ? 'out of memory' : 'killed, or machine went down';
    case 'failed':
      if (values.timed_out === 1) return `time limit exceeded${inARow}`;
      return (values.oom_kills > 0 ? 'out of memory, ' : '') + exitWords(values.exit_code) + inARow;
    case 'overdue':
      return values.last_success_timestamp_seconds === undefined && values.next_run_timestamp_seconds === undefined
        ? 'has never succeeded' : `${age(dueTime(job), now)} late`;
    default:
      return '';
  }
}

function exitWords(code) {
  if (code === undefined) return '';
  return code > 128 && code <= 192 ? `signal ${code - 128}` : `exit status ${code}`;
}

// ---- words ----

// As pushmetrics prints durations: 340ms, 1.5s, 2m 5s, 3h 12m, 4d 2h.
function duration(seconds) {
  if (!(seconds >= 0) || seconds > 1e10) return '';
  if (seconds < 1) return `${Math.round(seconds * 1000)}ms`;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10}s`;
  const whole = Math.round(seconds);
  const pair = (large, name, small, rest) => {
    const [a, b] = [Math.floor(whole / large), Math.floor(whole % large / small)];
    return b ? `${a}${name} ${b}${rest}` : `${a}${name}`;
  };
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return pair(60, 'm', 1, 's');
  if (whole < 86400) return pair(3600, 'h', 60, 'm');
  return pair(86400, 'd', 3600, 'h');
}

const age = (time, now) => duration(Math.max(0, now - time));

function bytes(number) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  for (; number >= 1000 && unit + 1 < units.length; unit++) number /= 1000;
  return `${number < 10 && unit ? number.toFixed(1) : Math.round(number)} ${units[unit]}`;
}

// Makes characters visible that have no glyph, or that reorder their neighbours.
function visible(text) {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0).toString(16).toUpperCase()}}`);
}
