'use strict';

// Draws the jobs. All text goes through text nodes and attributes: a job's name is never taken for markup.

const REFRESH_SECONDS = 30;
const DAY = 86400;
const CELLS = {1: 48, 7: 56, 30: 60};
const byId = (id) => document.getElementById(id);

function create(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== undefined && child !== ''));
  return node;
}

function draw(tag, attributes = {}, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// A text of somebody else's, kept from reordering what stands beside it.
const foreign = (text, style) => create('bdi', {class: style}, visible(text));

const clock = new Intl.DateTimeFormat(undefined, {weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit',
  minute: '2-digit'});
const moment = (seconds) => clock.format(seconds * 1000);
const ago = (time, now) => time > now ? `in ${duration(time - now)}` : `${age(time, now)} ago`;
const plural = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;

// ---- what is shown ----

const config = JSON.parse(byId('config').textContent);
const shown = {server: '', days: 7, state: undefined, words: '', answer: undefined};

// The address keeps what was chosen, so that it can be bookmarked.
function readAddress() {
  const chosen = new URLSearchParams(location.hash.slice(1));
  const origin = location.protocol.startsWith('http') ? location.origin : 'http://localhost:9090';
  shown.server = (chosen.get('server') || config.server || origin).replace(/\/+$/, '');
  shown.days = chosen.get('days') in CELLS ? Number(chosen.get('days')) : 7;
  byId('server').value = shown.server;
  byId('range').value = shown.days;
}

function writeAddress() {
  const chosen = new URLSearchParams({server: shown.server, days: shown.days});
  history.replaceState(null, '', `#${chosen}`);
}

// ---- the strip of results ----

const RESULTS = {ok: 'succeeded', failed: 'failed', interrupted: 'interrupted'};

function cellTitle(cell) {
  if (!cell.runs.length) return `${moment(cell.start)}: no run seen`;
  const bad = cell.runs.filter((run) => run.result !== 'ok').length;
  const last = cell.runs.at(-1);
  if (cell.runs.length > 1) return `${moment(cell.start)}: ${plural(cell.runs.length, 'run')} seen, ${bad || 'none'} failed`;
  return `${moment(last.end)}: ${RESULTS[last.result]}${last.duration >= 0 ? ` after ${duration(last.duration)}` : ''}`;
}

// A bar for each cell with a run, higher if one failed; a line for what still holds.
function cellShape(cell, index) {
  const x = index * 6;
  const title = draw('title');
  title.append(cellTitle(cell));
  const bar = (style, y, width = 5) => draw('rect', {class: style, x, y, width, height: 26 - y, rx: .8}, title);
  if (cell.result === 'ok') return bar('fill-ok', 9);
  if (cell.result === 'failed') return bar('fill-failed', 0);
  if (cell.result === 'interrupted') {
    return draw('rect', {class: 'fill-interrupted', x: x + .7, y: .7, width: 3.6, height: 24.6}, title);
  }
  return bar(cell.held ? `after-${cell.held}` : 'none', cell.held ? 22 : 24, cell.held ? 6 : 5);
}

function strip(job, {now}) {
  const count = CELLS[shown.days];
  const cells = cellsOf(job.runs, now - shown.days * DAY, now + 1, count);
  const seen = job.runs.filter((run) => run.end >= now - shown.days * DAY);
  const bad = seen.filter((run) => run.result !== 'ok').length;
  const label = seen.length ? `${plural(seen.length, 'run')} seen in ${plural(shown.days, 'day')}, ${bad || 'none'} failed`
    : `no run seen in ${plural(shown.days, 'day')}`;
  return draw('svg', {class: 'strip', viewBox: `0 0 ${count * 6 - 1} 26`, preserveAspectRatio: 'none', role: 'img',
    'aria-label': label}, ...cells.map(cellShape));
}

// ---- a job's row ----

function stateBadge(state) {
  return create('span', {class: `state is-${state.style}`},
    create('span', {class: 'symbol', 'aria-hidden': 'true'}, state.symbol), state.name);
}

function labelList(labels) {
  const others = Object.entries(labels).filter(([name]) => name !== 'job' && name !== 'exported_job');
  return others.map(([name, value]) => create('i', {}, foreign(`${name}=${value}`)));
}

function row(job, answer) {
  const {values} = job;
  const success = values.last_success_timestamp_seconds;
  const usual = usualDuration(job.runs);
  const isUnusual = usual > 0 && values.duration_seconds > 1 && (values.duration_seconds > 1.5 * usual);
  const reason = reasonOf(job, answer.now);
  return [
    stateBadge(job.state),
    create('span', {class: 'job'}, foreign(job.name || '(no name)', 'name'),
      create('span', {class: 'about'}, reason ? create('span', {class: 'reason'}, reason) : '',
        create('span', {class: 'labels'}, ...labelList(job.labels)))),
    create('span', {class: 'runs'}, strip(job, answer)),
    create('span', {class: 'success', title: success && moment(success)},
      success === undefined ? 'never' : ago(success, answer.now)),
    create('span', {class: 'duration'}, duration(values.duration_seconds) || '–',
      isUnusual ? create('span', {class: 'usual'}, `usually ${duration(usual)}`) : ''),
    create('span', {class: 'more', 'aria-hidden': 'true'}, '›'),
  ];
}

// ---- a job's details ----

function durationChart(job, {now}) {
  const from = now - shown.days * DAY;
  const runs = job.runs.filter((run) => run.end >= from && !run.isUnseen);
  if (runs.length < 2) return '';
  const longest = Math.max(...runs.map((run) => run.duration ?? 0)) || 1;
  const [width, top, bottom] = [1000, 16, 92];
  const x = (time) => 2 + (time - from) / (now - from) * (width - 8);
  const y = (seconds) => bottom - seconds / longest * (bottom - top);
  const shapes = [draw('line', {x1: 0, x2: width, y1: bottom + .5, y2: bottom + .5})];
  for (const run of runs) {
    const title = draw('title');
    title.append(`${moment(run.end)}: ${RESULTS[run.result]}${run.duration >= 0 ? ` after ${duration(run.duration)}` : ''}`);
    const height = run.duration >= 0 ? Math.max(2, bottom - y(run.duration)) : bottom - top;
    shapes.push(draw('rect', {class: `fill-${run.result}`, x: x(run.end), y: bottom - height, width: 4, height}, title));
    if (run.result === 'failed') {
      const [cx, cy] = [x(run.end) + 2, bottom + 9];
      shapes.push(draw('path', {class: 'cross', d: `M${cx - 3.5} ${cy - 3.5}l7 7m0-7l-7 7`}));
    }
  }
  const usual = usualDuration(runs);
  if (usual !== undefined) shapes.push(draw('line', {class: 'usual-line', x1: 0, x2: width, y1: y(usual), y2: y(usual)}));
  const text = create('p', {class: 'labels'}, `longest ${duration(longest)}` +
    (usual === undefined ? '' : `, usually ${duration(usual)} (dashed line)`));
  const chart = draw('svg', {class: 'chart', viewBox: `0 0 ${width} 110`, preserveAspectRatio: 'none',
    'aria-hidden': 'true'}, ...shapes);
  return create('section', {class: 'wide'}, create('h2', {}, `Duration of each run, last ${plural(shown.days, 'day')}`),
    chart, text);
}

function resultWords(result) {
  const style = result === 'ok' ? 'ok' : result;
  const symbol = STATES.find((state) => state.style === style).symbol;
  return create('span', {class: `is-${style}`}, create('span', {class: 'symbol', 'aria-hidden': 'true'}, symbol),
    RESULTS[result]);
}

function table(headings, rows) {
  const head = create('tr', {}, ...headings.map(([text, style]) => create('th', {scope: 'col', class: style}, text)));
  return create('table', {}, create('thead', {}, head), create('tbody', {}, ...rows));
}

function stepTable(job) {
  if (!job.steps.size) return '';
  const steps = [...job.steps.entries()].map(([name, step]) => ({name, seconds: step.step_duration_seconds ?? 0,
    result: step.step_success === 0 ? 'failed' : 'ok'})).sort((a, b) => b.seconds - a.seconds);
  const longest = Math.max(...steps.map((step) => step.seconds)) || 1;
  const rows = steps.map((step) => create('tr', {}, create('td', {}, foreign(step.name)),
    create('td', {class: 'bar', 'aria-hidden': 'true'}, draw('svg', {viewBox: '0 0 100 10', preserveAspectRatio: 'none'},
      draw('rect', {class: `fill-${step.result}`, width: Math.max(1, 100 * step.seconds / longest), height: 10}))),
    create('td', {class: 'number'}, duration(step.seconds)), create('td', {}, resultWords(step.result))));
  return create('section', {}, create('h2', {}, 'Steps of the last run, longest first'),
    table([['Step'], ['', 'bar'], ['Duration', 'number'], ['Result']], rows));
}

function runTable(job) {
  const runs = job.runs.filter((run) => !run.isUnseen).slice(-8).reverse();
  if (runs.length < 2) return '';
  const rows = runs.map((run) => create('tr', {}, create('td', {}, moment(run.end)),
    create('td', {}, resultWords(run.result)), create('td', {class: 'number'}, duration(run.duration) || '–')));
  return create('section', {}, create('h2', {}, 'Latest runs seen'),
    table([['Ended'], ['Result'], ['Duration', 'number']], rows));
}

function facts(job, now) {
  const {values, push} = job;
  const time = (seconds) => seconds === undefined ? undefined : `${moment(seconds)} (${ago(seconds, now)})`;
  const known = (value, words) => value === undefined ? undefined : words(value);
  const due = dueTime(job);
  const counts = [...job.counts].map(([status, number]) => `${number} ${visible(status)}`).join(', ');
  const list = [
    ['Job', visible(job.name)],
    ['Started', time(values.start_timestamp_seconds)],
    ['Ended', values.running === 1 ? 'still running' : time(values.last_completion_timestamp_seconds)],
    ['Exit status', known(values.exit_code, (code) => `${code}${code > 128 && code <= 192 ? ` (${exitWords(code)})` : ''}`)],
    ['Last success', time(values.last_success_timestamp_seconds)],
    ['Expected', known(values.expected_interval_seconds, (interval) => `every ${duration(interval)}`)],
    ['Next run', time(values.next_run_timestamp_seconds)],
    ['Due by', known(due, () => values.last_success_timestamp_seconds || values.next_run_timestamp_seconds ? time(due) : 'now')],
    ['CPU time', known(values.cpu_user_seconds, (user) =>
      `${duration(user)} user, ${duration(values.cpu_system_seconds)} system`)],
    ['Peak memory', known(values.max_resident_memory_bytes, bytes)],
    ['OOM kills', known(values.oom_kills, String)],
    ['Failed in a row', known(values.consecutive_failures, String)],
    ['Runs counted', counts || undefined],
    ['Last heartbeat', values.running === 1 ? time(values.heartbeat_timestamp_seconds) : undefined],
    ['Pushed', known(push?.push_time_seconds || undefined, time)],
    ['Push rejected', isRejected(push) ? time(push.push_failure_time_seconds) : undefined],
    ...Object.entries(job.labels).filter(([name]) => name !== 'job')
      .map(([name, value]) => [`Label ${visible(name)}`, visible(value)]),
  ];
  return create('section', {}, create('h2', {}, 'Last run'), create('dl', {}, ...list
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => [create('dt', {}, foreign(name)), create('dd', {}, foreign(value))])));
}

function detail(job, answer) {
  return create('div', {class: 'detail'}, durationChart(job, answer), facts(job, answer.now),
    create('div', {}, stepTable(job), runTable(job)));
}

// ---- the list ----

const items = new Map();  // by the job's key: those on the page, so that focus and open details survive a refresh

function itemOf(job) {
  if (!items.has(job.key)) {
    const details = create('details', {}, create('summary', {class: 'row'}));
    const item = {node: create('li', {}, details), details, summary: details.firstChild};
    details.addEventListener('toggle', () => fillDetail(item));
    items.set(job.key, item);
  }
  const item = items.get(job.key);
  item.job = job;
  return item;
}

function fillDetail(item) {
  item.details.querySelector('.detail')?.remove();
  if (item.details.open) item.details.append(detail(item.job, shown.answer));
}

const matches = (job) => (!shown.state || job.state.name === shown.state) &&
  shown.words.toLowerCase().split(/\s+/).every((word) =>
    Object.entries(job.labels).some(([name, value]) => `${name}=${value}`.toLowerCase().includes(word)));

function showJobs() {
  const {answer} = shown;
  const jobs = answer.jobs.filter(matches);
  const present = new Set(answer.jobs.map((job) => job.key));
  for (const key of items.keys()) if (!present.has(key)) items.delete(key);
  const nodes = jobs.map((job) => {
    const item = itemOf(job);
    item.summary.replaceChildren(...row(job, answer));
    fillDetail(item);
    return item.node;
  });
  const list = byId('jobs');
  const focused = document.activeElement;
  if (nodes.length !== list.children.length || nodes.some((node, index) => node !== list.children[index])) {
    list.replaceChildren(...nodes);
    if (list.contains(focused)) focused.focus({preventScroll: true});
  }
  byId('axis').replaceChildren(`${plural(shown.days, 'day')} ago`, create('span', {}, 'now'));
  for (const id of ['columns', 'legend']) byId(id).hidden = !jobs.length;
}

function stateButton(state, count) {
  const button = create('button', {type: 'button', class: `is-${state.style}`, 'data-state': state.name,
    'aria-pressed': String(shown.state === state.name)},
  create('span', {'aria-hidden': 'true'}, state.symbol), create('b', {}, String(count)), state.name);
  button.addEventListener('click', () => {
    shown.state = shown.state === state.name ? undefined : state.name;
    show();
    byId('states').querySelector(`[data-state="${state.name}"]`)?.focus();
  });
  return button;
}

function showStates() {
  const {jobs} = shown.answer;
  const count = (state) => jobs.filter((job) => job.state === state).length;
  const present = STATES.filter((state) => count(state) || shown.state === state.name);
  byId('states').replaceChildren(...present.map((state) => stateButton(state, count(state))));
  byId('filters').hidden = !jobs.length;
  const bad = jobs.length - count(STATES.at(-1)) - count(STATES.at(-2));
  document.title = bad ? `(${bad}) Jobs` : 'Jobs';
}

function notify(style, message, hints) {
  const notice = byId('notice');
  notice.className = style;
  notice.replaceChildren(create('strong', {}, message), create('ul', {}, ...hints.map((hint) => create('li', {}, hint))));
  notice.hidden = false;
}

const code = (text) => create('code', {}, text);
const sentence = (...parts) => { const node = document.createDocumentFragment(); node.append(...parts); return node; };

function showNotice() {
  const {answer} = shown;
  const isGateway = answer.kind === 'Pushgateway';
  byId('notice').hidden = true;
  if (!answer.jobs.length) {
    const hints = [sentence('Run one: ', code('pushmetrics run -j backup -- ./backup.sh'))];
    if (!isGateway) hints.push('Does Prometheus scrape the gateway? Its page Status, Targets shows it. A push is seen after the next scrape.');
    if (config.prefix !== undefined) hints.push(sentence('This page shows metrics with the prefix ', code(config.prefix),
      ' only (', code('dashboard --prefix'), ').'));
    notify('empty', `${shown.server} knows of no job yet`, hints);
  } else if (!answer.jobs.some(matches)) {
    notify('empty', 'No job matches', ['Choose another state, or clear the search.']);
  } else if (config.source === 'pushgateway' && answer.jobs.some((job) => job.labels.exported_job !== undefined)) {
    notify('hint', 'Prometheus has renamed the label job to exported_job',
      [sentence('Set ', code('honor_labels: true'), ' for the scrape of the gateway: rules and queries expect ', code('job'), '.')]);
  }
}

function legend() {
  const key = (shape, words) => create('span', {}, draw('svg', {class: 'key', viewBox: '0 0 6 26',
    preserveAspectRatio: 'none', height: 14}, shape), words);
  const bar = (style, y) => draw('rect', {class: style, x: 0, y, width: 5, height: 26 - y});
  const {kind, step} = shown.answer;
  byId('legend').replaceChildren(key(bar('fill-ok', 9), 'succeeded'), key(bar('fill-failed', 0), 'failed'),
    key(draw('rect', {class: 'fill-interrupted', x: .7, y: .7, width: 3.6, height: 24.6}), 'interrupted'),
    kind === 'Pushgateway' ? 'A Pushgateway holds the last run only: with a Prometheus as the server, earlier ones are shown.'
      : `Of runs less than ${duration(step)} apart the last is seen, and whether one failed.`);
}

function show() {
  const {answer} = shown;
  showStates();
  showJobs();
  showNotice();
  if (answer.jobs.length) legend();
  const count = answer.jobs.filter(matches).length;
  const jobs = (count < answer.jobs.length ? `${count} of ` : '') + plural(answer.jobs.length, 'job');
  byId('origin').textContent = `${jobs} · ${answer.kind} at ${shown.server} · ${new Date(answer.now * 1000).toLocaleTimeString()}`;
}

// ---- loading ----

let newestLoad = 0;

async function load() {
  const number = ++newestLoad;
  document.body.setAttribute('aria-busy', 'true');
  if (!shown.answer) byId('origin').textContent = `Asking ${shown.server} …`;
  try {
    const answer = await loadJobs(shown.server, config, shown.days * DAY);
    if (number !== newestLoad) return;
    shown.answer = answer;
    show();
  } catch (error) {
    if (number !== newestLoad) return;
    if (!(error instanceof Problem)) console.error(error);
    const since = shown.answer && `What is shown below is of ${new Date(shown.answer.now * 1000).toLocaleTimeString()}.`;
    notify('error', error.message, [...since ? [since] : [], ...error.hints ?? []]);
    if (!shown.answer) byId('origin').textContent = '';
  } finally {
    if (number === newestLoad) document.body.removeAttribute('aria-busy');
  }
}

function restart() {
  shown.answer = undefined;
  shown.state = undefined;
  byId('jobs').replaceChildren();
  items.clear();
  for (const id of ['filters', 'columns', 'legend', 'notice']) byId(id).hidden = true;
  load();
}

byId('refresh').addEventListener('click', load);
byId('range').addEventListener('change', (event) => {
  shown.days = Number(event.target.value);
  writeAddress();
  load();
});
byId('search').addEventListener('input', (event) => {
  shown.words = event.target.value.trim();
  if (shown.answer) show();
});
byId('settings').addEventListener('click', () => {
  const form = byId('server-form');
  form.hidden = !form.hidden;
  byId('settings').setAttribute('aria-expanded', String(!form.hidden));
  if (!form.hidden) byId('server').select();
});
byId('server-form').addEventListener('submit', (event) => {
  event.preventDefault();
  shown.server = byId('server').value.replace(/\/+$/, '');
  writeAddress();
  restart();
});
byId('jobs').addEventListener('keydown', (event) => {
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  const rows = [...document.querySelectorAll('#jobs summary')];
  const next = step && rows.includes(event.target) && rows[rows.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
});
addEventListener('hashchange', () => { readAddress(); restart(); });
setInterval(() => { if (!document.hidden) load(); }, REFRESH_SECONDS * 1000);
document.addEventListener('visibilitychange', () => { if (!document.hidden) load(); });
readAddress();
load();
