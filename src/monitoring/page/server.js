'use strict';

// Asks the server. A Prometheus (or what speaks its API) has the history, a Pushgateway the last run of each job.

const TIME_LIMIT = 20000;
const ADDRESS = 'It ends before /api/v1, as in http://prometheus:9090 or https://example.org/prometheus.';

// An error with what can be done about it.
class Problem extends Error {
  constructor(message, hints, isUnreachable = false) {
    super(message);
    this.hints = hints;
    this.isUnreachable = isUnreachable;
  }
}

function unreachable(server, error) {
  const hints = [`Is it running, and is this its address? ${ADDRESS}`];
  if (location.protocol === 'https:' && server.startsWith('http:')) {
    hints.push('This page came by https: browsers then ask nothing by http. Open the page as a file, or reach the ' +
      'server by https.');
  }
  hints.push('A proxy before it may drop the header Access-Control-Allow-Origin, which Prometheus and Pushgateway ' +
    'send. Let the proxy serve this page, too: from the same address no header is needed.');
  if (error.name === 'TimeoutError') return new Problem(`${server} did not answer within ${TIME_LIMIT / 1000} s`, hints);
  return new Problem(`${server} cannot be reached`, hints, true);
}

async function get(server, path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  let response;
  try {
    response = await fetch(`${server}/api/v1/${path}${query && '?'}${query}`,
      {credentials: 'same-origin', cache: 'no-store', signal: AbortSignal.timeout(TIME_LIMIT)});
    if (response.status === 404) return undefined;
    if (response.status === 401 || response.status === 403) {
      throw new Problem(`${server} asks for a login (status ${response.status})`,
        ['Serve this page from the same address, behind the same login: the browser then sends it along.']);
    }
    const answer = await response.json();
    if (answer.status === 'success') return answer.data;
    throw new Problem(`${server}: ${visible(answer.error ?? `status ${response.status}`)}`, []);
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (response) throw new Problem(`${server} is neither a Prometheus nor a Pushgateway (status ${response.status})`,
      [`Is this its address? ${ADDRESS}`]);
    throw unreachable(server, error);
  }
}

const gateways = new Set();  // the servers that have turned out to be one

// The jobs with their runs of the last `range` seconds. That a Pushgateway has no queries, a page from elsewhere cannot
// see: its answer of 404 lacks the header that lets pages read it, and looks as if the server were not there.
async function loadJobs(server, config, range) {
  let prefixes;
  let problem;
  if (!gateways.has(server)) {
    try {
      prefixes = await findPrefixes(server, config);
    } catch (error) {
      if (!error.isUnreachable) throw error;
      problem = error;
    }
  }
  if (prefixes) return loadFromPrometheus(server, config, range, prefixes);
  try {
    const answer = await loadFromGateway(server, config);
    gateways.add(server);
    return answer;
  } catch (error) {
    throw problem ?? error;
  }
}

// ---- Prometheus ----

const isWritten = (config) => config.source === 'remote-write';

// A selector of the metrics with these names, as a regular expression.
const named = (expression) => `{__name__=~${JSON.stringify(expression)}}`;

// Written once a run, samples are seen for five minutes only, unless one looks back.
const newest = (selector, config) => isWritten(config) ? `last_over_time(${selector}[${config.lookback}])` : selector;

const vector = async (server, query) => (await get(server, 'query', {query}))?.result;

// undefined if the server has no such query: it is no Prometheus.
async function findPrefixes(server, config) {
  if (config.prefix !== undefined) return await vector(server, 'vector(1)') && [config.prefix];
  const signs = named(`.*(${SIGNS.join('|')})`);
  const found = await vector(server, `count by (__name__) (${newest(signs, config)})`);
  if (!found) return undefined;
  return [...new Set(found.map(({metric}) => prefixOf(metric.__name__, SIGNS)))].filter((prefix) => prefix !== '');
}

const sampleOf = ({metric: {__name__: name, ...labels}}, [, value]) => ({name, labels, value: Number(value)});

async function loadFromPrometheus(server, config, range, prefixes) {
  if (!prefixes.length) return {kind: 'Prometheus', jobs: [], now: Date.now() / 1000};
  const anyPrefix = `(${prefixes.map(escapeRegex).join('|')})`;
  const state = named(`${anyPrefix}(${config.metrics.join('|')})|${PUSHES.join('|')}`);
  const result = await vector(server, newest(state, config));
  const now = result.length && !isWritten(config) ? result[0].value[0] : Date.now() / 1000;
  const found = new Jobs(prefixes, config.metrics);
  for (const series of result) found.add(sampleOf(series, series.value));
  const jobs = found.list(now);
  const step = await addRuns(server, config, range, now, found, anyPrefix);
  return {kind: 'Prometheus', jobs, now, step};
}

// Enough points to see each run of most jobs, and not more than a browser takes in its stride.
function stepOf(range, jobs) {
  const points = Math.max(56, Math.min(224, Math.floor(60000 / Math.max(1, jobs))));
  return Math.ceil(range / points / 15) * 15;
}

async function addRuns(server, config, range, now, found, anyPrefix) {
  const step = stepOf(range, found.byKey.size);
  const end = Math.ceil(now / step) * step;
  const span = {start: end - Math.ceil(range / step) * step, end, step};
  const rangeQuery = async (query) => (await get(server, 'query_range', {query, ...span})).result;
  const times = [];
  for (let time = span.start; time <= end; time += step) times.push(time);

  const histories = new Map();
  const keep = (place, values) => {
    if (!histories.has(place.key)) histories.set(place.key, {series: {}});
    const points = new Map(values.map(([time, value]) => [time, Number(value)]));
    if (place.isLeast) histories.get(place.key).least = points;
    else histories.get(place.key).series[place.metric] = points;
  };
  const history = rangeQuery(`last_over_time(${named(`${anyPrefix}(${HISTORY.join('|')})`)}[${step}s])`);
  const least = found.prefixes.map((prefix) =>
    rangeQuery(`min_over_time(${named(`${escapeRegex(prefix)}success`)}[${step}s])`));
  for (const {metric: {__name__: name, ...labels}, values} of await history) {
    const place = found.locate(name, labels);
    if (place) keep(place, values);
  }
  for (const [index, prefix] of found.prefixes.entries()) {
    for (const {metric, values} of await least[index]) {
      keep({key: prefix + identity(metric), isLeast: true}, values);
    }
  }
  for (const [key, {series, least: minimum}] of histories) {
    const job = found.byKey.get(key);
    if (job) job.runs = runsOf(times, series, minimum, !isWritten(config));
  }
  return step;
}

// ---- Pushgateway ----

// Every sample of a group. Metrics named `labels` or `last_push_successful` replace those keys of the answer: the
// group's labels are read where nothing replaces them. Histograms and summaries have no plain value.
function* samplesOf(group) {
  const labels = group.push_time_seconds?.metrics?.[0]?.labels ?? {};
  for (const [name, family] of Object.entries(group)) {
    for (const sample of family?.metrics ?? []) {
      if (typeof sample.value !== 'string') continue;
      const all = Object.entries({...sample.labels, ...labels}).filter(([, value]) => value !== '');
      yield {name, labels: Object.fromEntries(all), value: Number(sample.value)};
    }
  }
}

async function loadFromGateway(server, config) {
  const groups = await get(server, 'metrics');
  if (!Array.isArray(groups)) {
    throw new Problem(`${server} is neither a Prometheus nor a Pushgateway`, [`Is this its address? ${ADDRESS}`]);
  }
  const samples = groups.flatMap((group) => [...samplesOf(group)]);
  const prefixes = config.prefix !== undefined ? [config.prefix] :
    [...new Set(samples.map(({name}) => prefixOf(name, SIGNS)))].filter(Boolean);
  const found = new Jobs(prefixes, config.metrics);
  for (const sample of samples) found.add(sample);
  const now = Date.now() / 1000;
  const jobs = found.list(now);
  for (const job of jobs) job.runs = lastRunOf(job);
  return {kind: 'Pushgateway', jobs, now};
}
