'use strict';
// The reference client in small: models/src/client/ says why each step is as it is.

// The code for an edit that would write over what its author had not seen.
const CONFLICT = 409;
const DOC = 1;
// Elements that every document has, and the fields of one: its label, its box, its order.
const OWN = 8;
const ELEMENT = 2 * 2 ** 28;
const fieldsOf = number => [0, 1, 2].map(attribute => ELEMENT + number * 16 + attribute);
const labelOf = number => fieldsOf(number)[0];
const numberOf = field => Math.floor((field - ELEMENT) / 16);

// An edit's number says whose it is: so many edits for each tab. What an edit writes is its
// number and one, so that the content says who wrote it.
const EDITS = 2 ** 14;
const TABS = 2 ** 18;
const authorOf = value => ({ tab: Math.floor((value - 1) / EDITS), seq: (value - 1) % EDITS });
const NAMES = ('Otter Heron Lynx Wren Badger Ibis Marten Plover Hare Osprey Seal Finch Stoat Crane ' +
  'Newt Robin Vole Gannet Fox Dunlin Moose Swift Beaver Tern Ibex Curlew Wolf Egret').split(' ');
const nameOf = tab => tab === 0 ? 'Somebody' : NAMES[tab % NAMES.length];
const hueOf = tab => tab % 9 * 40 + 10;

// The policy of the reference, in milliseconds.
const BASE = 1000, CAP = 30_000, PROBE = 60_000, ATTEMPTS = 10, STABLE = 10_000;
const DIAL = 10_000, SYNC = 10_000, ACK = 10_000, SILENCE = 40_000, GAP = 2000, OUTBOX = 1000;
// Codes after which coming back by itself would be of no use.
const FINAL = [1000, 1003, 1008, 4001, 4003, 4401];
const BUSY = [1011, 1013];

const compare = (a, b) => a.epoch - b.epoch || a.seq - b.seq;
const isNext = at => cursor !== null && at.epoch === cursor.epoch && at.seq === cursor.seq + 1;
const isNews = at => cursor === null || compare(at, cursor) > 0;

let me = null; // { tab, seq, pending, conflicts }: what outlives the page
let phase = 'idle', socket = null, attempts = 0, retryAt = 0, plugged = true, heard = 0;
let cursor = null, head = null, lastSynced = null, stored = true, highest = OWN;
const confirmed = new Map(), ahead = new Map(), timers = new Map();

// ---- what outlives the page

const PREFIX = 'wavetank.tab.';

function recall(tab) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + tab));
  } catch {
    return null;
  }
}

function save() {
  try {
    localStorage.setItem(PREFIX + me.tab, JSON.stringify(me));
    sessionStorage.setItem(PREFIX, me.tab);
    stored = true;
  } catch {
    stored = false; // The page says so.
  }
}

// Whether this page may be that tab: it is, until it is closed, if no other page is. Two pages
// that both were, as after duplicating a tab, would give two edits one number.
function hold(tab) {
  if (!navigator.locks) {
    const again = performance.getEntriesByType('navigation')[0]?.type === 'reload';
    return Promise.resolve(again && tab === mine() || recall(tab) === null);
  }
  return new Promise(done => {
    navigator.locks.request(PREFIX + tab, { ifAvailable: true }, lock => {
      done(lock !== null);
      return lock && new Promise(() => {});
    });
  });
}

const mine = () => Number(sessionStorage.getItem(PREFIX));

// The tab that this page was before it was loaded again, or one that was closed, or a new one.
// What was closed with edits that wait comes first.
async function claim() {
  const usable = tab => {
    const kept = recall(tab);
    return kept?.tab === tab && (kept.pending.length > 0 || kept.seq < EDITS / 2);
  };
  const before = mine();
  for (let tries = 0; before && usable(before) && tries < 40; tries++) {
    // The page that this one takes the place of may take a moment to let go.
    if (await hold(before)) return recall(before);
    await new Promise(done => setTimeout(done, 50));
  }
  const known = Object.keys(localStorage).filter(key => key.startsWith(PREFIX))
    .map(key => Number(key.slice(PREFIX.length))).filter(usable);
  known.sort((a, b) => recall(b).pending.length - recall(a).pending.length);
  for (const tab of known) {
    if (await hold(tab)) return recall(tab);
  }
  const taken = new Set([...known.map(nameOf), ...known.map(hueOf)]);
  for (let tries = 0; ; tries++) {
    const tab = 1 + crypto.getRandomValues(new Uint32Array(1))[0] % (TABS - 1);
    if (localStorage.getItem(PREFIX + tab) !== null) continue;
    // A colour of its own, or a name at least, while there are any left.
    if (tries < 60 && taken.has(nameOf(tab)) || tries < 30 && taken.has(hueOf(tab))) continue;
    if (await hold(tab)) {
      return { tab, seq: 0, pending: [], conflicts: [] };
    }
  }
}

// ---- connecting

function after(name, ms, work) {
  cancel(name);
  timers.set(name, setTimeout(() => { timers.delete(name); work(); }, ms));
}

function cancel(name) {
  clearTimeout(timers.get(name));
  timers.delete(name);
}

function dial() {
  leave(1000);
  cancel('retry');
  phase = 'dialling';
  const hello = encodeURIComponent(JSON.stringify({ path: '/sync', instance: me.tab }));
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const dialled = socket = new WebSocket(`${scheme}://${location.host}/?hello=${hello}`);
  const current = work => event => { if (socket === dialled) { work(event); render(); } };
  socket.onopen = current(opened);
  socket.onmessage = current(event => receive(JSON.parse(event.data)));
  socket.onclose = current(event => closed(event.code));
  after('dial', DIAL, () => failed(0));
  render();
}

function leave(code) {
  const left = socket;
  socket = null;
  ['dial', 'sync', 'stable', 'silence', 'gap', 'ack'].forEach(cancel);
  left?.close(code);
}

function opened() {
  cancel('dial');
  phase = 'syncing';
  heard = performance.now();
  watch();
  say({ subscribe: { doc: DOC, instance: me.tab, since: since() } });
  after('sync', SYNC, () => failed(1006));
}

function closed(code) {
  if (!FINAL.includes(code)) return failed(code);
  leave(1000);
  phase = 'stopped';
  note(`The server ended the connection for good (${code})`);
}

// The connection, or the attempt at one, is over: plans the next attempt.
function failed(code) {
  leave(4409);
  if (phase === 'live') note('The connection was lost');
  if (!plugged || !navigator.onLine) {
    phase = 'offline';
  } else {
    const grown = Math.min(BASE * 2 ** Math.min(attempts, 20), CAP);
    const nominal = BUSY.includes(code) ? Math.min(grown * 2, CAP) : grown;
    const delay = (attempts >= ATTEMPTS ? PROBE : nominal) * (0.8 + 0.4 * Math.random());
    attempts += 1;
    phase = 'waiting';
    retryAt = performance.now() + delay;
    after('retry', delay, dial);
  }
  render();
}

const retry = () => { attempts = 0; dial(); };

// The device, or the person, says something of the network.
function device() {
  if (!plugged || !navigator.onLine) {
    if (phase !== 'offline') note('Offline');
    leave(1000);
    cancel('retry');
    phase = 'offline';
    render();
  } else if (phase === 'offline' || phase === 'waiting') {
    retry();
  }
}

function watch() {
  after('silence', heard + SILENCE - performance.now(), () => {
    if (performance.now() < heard + SILENCE) return watch();
    leave(4408);
    failed(1006);
  });
}

function say(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

// ---- keeping in step

const since = () => cursor === null ? 'Nothing' : { Position: cursor };

function receive(message) {
  heard = performance.now();
  const [kind, body] = Object.entries(message)[0];
  const place = {
    welcome: () => body.head,
    snapshot: () => (snapshot(body), body.at),
    delta: () => (delta(body), body.to),
    event: () => (event(body), body.position),
    ack: () => acked(body),
    nack: () => rejected(body),
    ping: () => pinged(body),
  }[kind]?.();
  if (!place) return;
  if (head === null || compare(place, head) > 0) head = place;
  if (cursor !== null && compare(cursor, head) >= 0) lastSynced = performance.now();
}

function snapshot({ at, seen, content }) {
  if (cursor === null || compare(at, cursor) >= 0) {
    confirmed.clear();
    content.forEach(write(confirmed));
    cursor = at;
    // What was acked and is not there was undone by a server that went back.
    const has = seq => seq <= seen.upto || seen.beyond.includes(seq);
    me.pending = me.pending.filter(edit => !has(edit.seq) && !edit.acked);
    save();
    note(`Loaded, at event ${at.seq}`);
  }
  inStep();
}

function delta({ to, events }) {
  events.filter(one => isNews(one.position)).forEach(apply);
  if (isNews(to)) cursor = to;
  inStep();
}

// An answer to a subscription, or to a repair, was taken in.
function inStep() {
  cancel('gap');
  drain();
  if (phase !== 'syncing') return;
  phase = 'live';
  cancel('sync');
  after('stable', STABLE, () => { attempts = 0; });
  const resent = waiting();
  note(resent.length ? `Live; sending ${count(resent.length, 'edit')}` : 'Live');
  resent.forEach(transmit);
}

function event(one) {
  if (!isNews(one.position)) return;
  if (isNext(one.position)) {
    apply(one);
    drain();
  } else {
    if (ahead.size < OUTBOX) ahead.set(JSON.stringify(one.position), one);
    missing();
  }
}

// Applies what came before its turn, as far as it is in turn now.
function drain() {
  const early = [...ahead.values()].sort((a, b) => compare(a.position, b.position));
  ahead.clear();
  for (const one of early) {
    if (isNext(one.position)) apply(one);
    else if (isNews(one.position)) ahead.set(JSON.stringify(one.position), one);
  }
  if (ahead.size) missing();
}

// Something is missing: asks for it if it does not come by itself.
function missing() {
  if (phase !== 'live' || timers.has('gap')) return;
  after('gap', GAP, () => say({ sync_request: { doc: DOC, since: since() } }));
}

function apply(one) {
  one.changes.forEach(write(confirmed));
  cursor = one.position;
  if (one.instance === me.tab) take(one.op);
  const { field, value } = one.changes[0] ?? {};
  if (field === undefined) return;
  // The server numbers what is added from the lowest up.
  const did = value === null ? 'cleared' : numberOf(field) > highest ? 'added' : 'wrote';
  highest = Math.max(highest, numberOf(field));
  note(`${did} tile ${numberOf(field)}`, Math.floor(one.op / EDITS));
}

function pinged({ stamp, head: told }) {
  say({ pong: { stamp, cursor } });
  if (told && isNews(told)) missing();
  return told;
}

const write = content => ({ field, value }) => {
  if (value === null) content.delete(field);
  else content.set(field, value);
};

// ---- editing

const waiting = () => me.pending.filter(edit => !edit.acked);

function edit(does, named = null) {
  if (me.seq + 1 >= EDITS) return note('This tab has made all its edits; open another one');
  if (me.pending.length >= OUTBOX) return note('Too many edits wait; this one was not taken');
  me.seq += 1;
  const op = me.tab * EDITS + me.seq;
  const changes = does(op), what = named ?? { Write: changes };
  const one = { op, seq: me.seq, base: cursor, edit: what, made: Date.now() * 1000, changes, acked: false };
  me.pending.push(one);
  save(); // before it is sent: a page that is loaded again sends it once more
  if (phase === 'live') transmit(one);
  render();
}

const set = number => edit(op => [{ field: labelOf(number), value: op + 1 }]);
const clear = number => edit(() => fieldsOf(number).map(field => ({ field, value: null })));
// Where it will stand, the server says.
const insert = () => edit(op => [{ field: `new ${op}`, value: op + 1 }], 'Insert');

function transmit({ op, seq, base, edit, made }) {
  const author = me.tab, instance = me.tab;
  say({ op: { doc: DOC, op, author, instance, client_seq: seq, base, edit, made } });
  if (!timers.has('ack')) after('ack', ACK, unanswered);
}

// An answer is late: the connection may not be what it seems.
function unanswered() {
  if (waiting().length) failed(1006);
}

function acked({ op, position }) {
  const edit = me.pending.find(edit => edit.op === op);
  if (edit) edit.acked = true;
  if (position && !isNews(position)) take(op);
  save();
  answered();
}

function rejected({ op, code }) {
  const edit = me.pending.find(one => one.op === op);
  if (edit && code === CONFLICT) {
    me.conflicts.push(edit.seq);
    note(`Somebody else was first: edit ${edit.seq} was not done`);
  } else if (edit) {
    note('The server did not take an edit');
  }
  take(op);
  answered();
}

// Every answer gives the next one as much time as the first had.
function answered() {
  cancel('ack');
  if (waiting().length) after('ack', ACK, unanswered);
}

// The edit is in the confirmed content, or will never be.
function take(op) {
  me.pending = me.pending.filter(edit => edit.op !== op);
  save();
}

// ---- what the person sees

const $ = id => document.getElementById(id);
const count = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;

// The confirmed content with one's own edits on top.
function view() {
  const content = new Map(confirmed);
  me.pending.forEach(edit => edit.changes.forEach(write(content)));
  return content;
}

function note(text, tab = null) {
  const line = document.createElement('li');
  const what = document.createElement('span');
  what.textContent = tab === null ? text : `${nameOf(tab)} ${text}`;
  if (tab === null) what.className = 'note';
  else line.append(dot(tab));
  const time = document.createElement('time');
  time.textContent = new Date().toLocaleTimeString();
  line.append(what, time);
  $('log').prepend(line);
  while ($('log').children.length > 60) $('log').lastChild.remove();
}

function dot(tab) {
  const dot = document.createElement('span');
  dot.className = 'dot';
  dot.style.setProperty('--hue', hueOf(tab));
  return dot;
}

function tile(key, number) {
  const box = document.createElement('div');
  box.className = 'tile';
  box.dataset.tile = key;
  box.innerHTML = '<button class="write"><span class="name"></span><span><span class="who"></span>' +
    '<span class="what"></span></span></button><button class="clear">×</button>';
  const name = number === null ? 'New tile' : `Tile ${number}`;
  box.querySelector('.name').textContent = name;
  const [writes, clears] = box.querySelectorAll('button');
  clears.setAttribute('aria-label', `Clear ${name.toLowerCase()}`);
  // What has no number yet cannot be named in an edit.
  writes.disabled = clears.disabled = number === null;
  writes.onclick = () => set(number);
  clears.onclick = () => clear(number);
  return box;
}

function fill(box, value, waits) {
  const author = value === undefined ? null : authorOf(value);
  box.classList.toggle('full', author !== null);
  box.classList.toggle('waits', waits);
  box.style.setProperty('--hue', hueOf(author?.tab ?? me.tab));
  box.querySelector('.who').replaceChildren(...author ? [dot(author.tab), nameOf(author.tab)] : []);
  const what = author ? `edit ${author.seq}` : 'empty';
  box.querySelector('.what').textContent = waits ? `${what}, waits` : what;
}

function render() {
  const content = view();
  const touched = new Set(me.pending.flatMap(edit => edit.changes.map(change => change.field)));
  const shown = new Map();
  for (let number = 1; number <= OWN; number++) shown.set(`${number}`, [number, labelOf(number)]);
  const fields = [...content.keys()].filter(field => field >= ELEMENT && field % 16 === 0);
  for (const field of fields.sort((a, b) => a - b)) {
    highest = Math.max(highest, numberOf(field));
    shown.set(`${numberOf(field)}`, [numberOf(field), field]);
  }
  for (const field of content.keys()) {
    if (typeof field === 'string') shown.set(field, [null, field]);
  }
  for (const box of document.querySelectorAll('.tile')) {
    if (!shown.has(box.dataset.tile)) box.remove();
  }
  let index = 0;
  for (const [key, [number, field]] of shown) {
    const box = document.querySelector(`[data-tile="${key}"]`) ?? tile(key, number);
    const there = $('tiles').children[index++];
    if (there !== box) there.before(box);
    fill(box, content.get(field), touched.has(field));
  }
  status();
}

function status() {
  const now = performance.now();
  const wait = Math.max(1, Math.ceil((retryAt - now) / 1000));
  const stale = cursor === null || head !== null && compare(cursor, head) < 0;
  $('light').dataset.is = phase === 'live' && stale ? 'syncing' : phase;
  $('status').textContent = {
    idle: 'Starting',
    dialling: attempts ? 'Reconnecting' : 'Connecting',
    syncing: 'Catching up',
    live: stale ? 'Live, catching up' : 'Live',
    waiting: attempts > ATTEMPTS ? `Cannot connect; next try in ${wait} s` : `Reconnecting in ${wait} s`,
    offline: 'Offline',
    stopped: 'Not connected',
  }[phase];
  const left = me.pending.length, parts = [];
  if (left) parts.push(left === 1 ? '1 edit waits' : `${left} edits wait`);
  if (left && phase !== 'live') parts.push(stored ? 'kept in this browser' : 'kept in this page only');
  const ago = Math.floor((now - lastSynced) / 1000);
  if (lastSynced === null) parts.push('not in step yet');
  else parts.push(`last in step ${ago < 2 ? 'just now' : `${ago} seconds ago`}`);
  $('detail').textContent = parts.join(' · ');
  $('retry').hidden = !['waiting', 'stopped'].includes(phase);
  $('plug').textContent = plugged ? 'Go offline' : 'Go online';
}

async function start() {
  me = { conflicts: [], ...await claim() };
  save();
  document.title = `${nameOf(me.tab)} · wavetank`;
  $('me').append(dot(me.tab), nameOf(me.tab));
  $('insert').onclick = insert;
  $('retry').onclick = retry;
  $('plug').onclick = () => { plugged = !plugged; device(); };
  addEventListener('online', device);
  addEventListener('offline', device);
  setInterval(status, 250);
  // For whoever looks on, as a test does.
  window.wavetank = {
    get status() { return phase; },
    get tab() { return me.tab; },
    get edits() { return me.seq; },
    get pending() { return me.pending.map(edit => edit.op); },
    get conflicts() { return me.conflicts; },
    get cursor() { return cursor?.seq ?? null; },
    get content() { return Object.fromEntries(view()); },
  };
  dial();
}

start();
