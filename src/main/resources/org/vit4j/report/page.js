
// Sorts a table by a column; a second click reverses the order. Numbers are compared by value; missing values are last.
for (const button of document.querySelectorAll('.sort')) button.addEventListener('click', () => {
  const head = button.closest('th'), row = head.parentElement, body = head.closest('table').tBodies[0];
  const column = [...row.children].indexOf(head);
  const up = head.getAttribute('aria-sort') !== 'ascending';
  for (const other of row.children) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
  const key = tr => tr.children[column].dataset.value ?? tr.children[column].textContent.trim();
  const number = text => text === '' || text === '–' ? NaN : Number(text.replace(/[,%]/g, ''));
  const order = (a, b) => {
    const x = number(a), y = number(b);
    if (isNaN(x) !== isNaN(y)) return isNaN(x) ? 1 : -1;
    return (isNaN(x) ? a.localeCompare(b) : x - y) * (up ? 1 : -1);
  };
  [...body.rows].sort((a, b) => order(key(a), key(b))).forEach(tr => body.append(tr));
});

// A run's checkbox shows or hides its lines; hovering over or focusing its row highlights them.
const lines = i => document.querySelectorAll('[data-line="' + i + '"]');
for (const box of document.querySelectorAll('[data-shows]')) box.addEventListener('change', () =>
  lines(box.dataset.shows).forEach(line => line.style.display = box.checked ? '' : 'none'));
for (const row of document.querySelectorAll('[data-row]')) {
  const mark = on => () => {
    row.classList.toggle('marked', on);
    lines(row.dataset.row).forEach(line => line.classList.toggle('marked', on));
  };
  for (const event of ['mouseenter', 'focusin']) row.addEventListener(event, mark(true));
  for (const event of ['mouseleave', 'focusout']) row.addEventListener(event, mark(false));
}

// Curves: draws the charts of a group again by step or time, on a logarithmic axis, or smoothed. The defaults restore the
// charts of the page.
const WIDTH = 440, HEIGHT = 280, LEFT = 54, TOP = 34, BOTTOM = 40;
const escaped = text => String(text).replace(/[&<>"]/g, c => '&#' + c.charCodeAt(0) + ';');
const short = (v, percent) => percent ? +(100 * v).toPrecision(5) + '%' : String(+v.toPrecision(4));
const nice = v => { const p = 10 ** Math.floor(Math.log10(v)); return [1, 2, 5, 10].map(f => f * p).find(x => x >= v * .999); };

// Axis from low to high: position of a value in [0, 1], and ticks.
function axis(low, high, log, count) {
  if (high <= low) { const margin = Math.abs(low) * .1 || 1; high = low + margin; low = log ? low / 1.1 : low - margin; }
  const ticks = [];
  if (log) {
    const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high)), every = Math.max(1, Math.floor((last - first) / 6));
    for (let d = first; d <= last; d += every) for (const f of last - first <= 2 ? [1, 2, 5] : [1]) ticks.push(f * 10 ** d);
    return {at: v => (Math.log(v) - Math.log(low)) / (Math.log(high) - Math.log(low)), ticks: ticks.filter(t => t >= low * .999 && t <= high * 1.001)};
  }
  const step = nice((high - low) / count);
  low = Math.floor(low / step + 1e-9) * step; high = Math.ceil(high / step - 1e-9) * step;
  for (let i = Math.round(low / step); i * step <= high + step * 1e-9; i++) ticks.push(+(i * step).toPrecision(12));
  return {at: v => (v - low) / (high - low), ticks};
}

// Exponential moving average without bias toward its start, as in TensorBoard.
function smoothed(points, weight) {
  let mean = 0, scale = 0;
  return points.map(p => {
    if (p.y === null) return p;
    mean = weight * mean + (1 - weight) * p.y; scale = weight * scale + 1 - weight;
    return {...p, y: mean / scale};
  });
}

function redrawn(data, axes, by, log, weight) {
  const raw = data.series.map(s => s.y.map((y, i) =>
    ({x: axes[s.run][by][i], y: log && y <= 0 ? null : y, epoch: axes[s.run].epoch[i]})).filter(p => p.x !== null));
  const all = raw.flat().filter(p => p.y !== null);
  const title = data.title.replace(', logarithmic', '') + (log ? ', logarithmic' : '');
  const head = '<svg class="chart' + (raw.length > 6 ? ' many' : '') + '" viewBox="0 0 ' + WIDTH + ' ' + HEIGHT + '" role="img" aria-label="' +
    escaped(title) + '"><text class="title" x="10" y="18">' + escaped(title) + '</text>';
  if (!all.length) return head + '<text x="' + LEFT + '" y="140">not recorded</text></svg>';
  const longest = Math.max(...all.map(p => p.x)), unit = by !== 'time' || longest < 600 ? [1, by === 'time' ? 'time, s' : by]
    : longest < 36000 ? [60, 'time, min'] : [3600, 'time, h'];
  const named = raw.length > 1 && raw.length <= 6;
  const right = WIDTH - 14 - (named ? Math.min(18, Math.max(...data.series.map(s => s.name.length))) * 6.6 : 0);
  const xs = all.map(p => p.x / unit[0]), ys = all.map(p => p.y);
  const low = Math.min(...ys), high = Math.max(...ys);
  const xAxis = axis(Math.min(...xs), Math.max(...xs), false, 6), yAxis = axis(!log && low >= 0 && low <= .4 * high ? 0 : low, high, log, 5);
  const x = p => (LEFT + (right - LEFT) * xAxis.at(p.x / unit[0])).toFixed(1), y = v => (HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * yAxis.at(v)).toFixed(1);
  let out = head;
  for (const t of yAxis.ticks) out += '<path class="grid" d="M' + LEFT + ' ' + y(t) + 'H' + right + '"/><text class="end" x="' + (LEFT - 6) +
    '" y="' + (+y(t) + 4) + '">' + short(t, data.percent) + '</text>';
  for (const t of xAxis.ticks) out += '<text class="middle" x="' + x({x: t * unit[0]}) + '" y="' + (HEIGHT - BOTTOM + 16) + '">' + short(t) + '</text>';
  out += '<path class="axis" d="M' + LEFT + ' ' + (HEIGHT - BOTTOM) + 'H' + right + '"/><text class="middle" x="' + (LEFT + right) / 2 + '" y="' +
    (HEIGHT - 8) + '">' + unit[1] + '</text>';
  const path = points => { let d = '', on = false; for (const p of points) { if (p.y === null) on = false; else { d += (on ? 'L' : 'M') + x(p) + ' ' + y(p.y); on = true; } } return d; };
  const ends = [];
  data.series.forEach((s, i) => {
    const color = s.style.split(' ')[0], points = weight > 0 ? smoothed(raw[i], weight) : raw[i];
    out += '<g class="line" data-line="' + i + '">' + (weight > 0 ? '<path class="' + s.style + ' faint" d="' + path(raw[i]) + '"/>' : '');
    out += '<path class="' + s.style + '" d="' + path(points) + '"><title>' + escaped(s.name) + '</title></path>';
    for (const p of all.length <= 1500 ? points : []) if (p.y !== null) {
      const best = p.epoch === s.best;
      out += '<circle class="' + (best ? 'best ' : '') + color + '" cx="' + x(p) + '" cy="' + y(p.y) + '" r="4"><title>' + escaped(s.name) +
        (best ? ', best' : '') + ' epoch ' + p.epoch + ': ' + short(p.y, data.percent) + '</title></circle>';
    }
    out += '</g>';
    const last = points.filter(p => p.y !== null).pop();
    if (named && last) ends.push({i, color, name: s.name, y: +y(last.y)});
  });
  ends.sort((a, b) => a.y - b.y).forEach((e, i) => { if (i && e.y < ends[i - 1].y + 14) e.y = ends[i - 1].y + 14; });
  for (let i = ends.length - 1, lowest = HEIGHT - BOTTOM; i >= 0; i--) { ends[i].y = Math.min(ends[i].y, lowest); lowest = ends[i].y - 14; }
  for (const e of ends) out += '<text class="' + e.color + '" x="' + (right + 6) + '" y="' + (e.y + 4) + '" data-line="' + e.i + '">' +
    escaped(e.name.length > 18 ? e.name.slice(0, 6) + '…' + e.name.slice(-11) : e.name) + '</text>';
  return out + '</svg>';
}

// A page that reloads itself while a run goes on keeps the choices of its reader.
const reloads = document.querySelector('meta:not([charset]):not([name])') !== null;
const saved = () => { try { return JSON.parse(sessionStorage.getItem(location.pathname)) ?? {}; } catch (e) { return {}; } };
const save = choice => { try { sessionStorage.setItem(location.pathname, JSON.stringify(choice)); } catch (e) { /* not kept */ } };

for (const form of document.querySelectorAll('.controls')) {
  const figures = [...form.parentElement.querySelectorAll('[data-curves]')].map(element =>
    ({element, data: JSON.parse(element.dataset.curves), original: element.innerHTML}));
  const axes = JSON.parse(form.dataset.axes);
  form.hidden = false;
  form.addEventListener('submit', event => event.preventDefault());
  form.addEventListener('input', () => {
    const by = form.elements.x.value, log = form.elements.log.checked, weight = Number(form.elements.smooth.value);
    for (const {element, data, original} of figures) {
      const standard = by === 'epoch' && !log && weight === 0;
      element.innerHTML = standard ? original : redrawn(data, axes, by, log || data.log, weight);
    }
    for (const box of document.querySelectorAll('[data-shows]')) box.dispatchEvent(new Event('change'));
    if (reloads) save({x: by, log, smooth: weight});
  });
  const choice = saved();
  if (choice.x) {
    form.elements.x.value = choice.x; form.elements.log.checked = choice.log; form.elements.smooth.value = choice.smooth;
    form.dispatchEvent(new Event('input'));
  }
}
