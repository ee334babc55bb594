// Data, elements, numbers, colours: what every part of the page uses. The page is one file and asks no
// network; names from runs reach it as text only, never as markup.
const M = {};
M.data = JSON.parse(document.getElementById('data').textContent);
M.page = document.getElementById('page');

const KINDS = {f8: Float64Array, f4: Float32Array, i4: Int32Array, u1: Uint8Array};
// An array of the data: a list, {k: kind, b: bytes in base64}, or {step, n}: 0, step, 2 step, …
M.array = (packed) => {
  if (!packed || Array.isArray(packed)) return packed || [];
  if ('step' in packed) return Float64Array.from({length: packed.n}, (_, i) => i * packed.step);
  const text = atob(packed.b);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new KINDS[packed.k](bytes.buffer);
};

M.el = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') Object.assign(element.style, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
};
M.svg = (tag, attributes, text) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text != null) element.textContent = text;
  return element;
};
M.section = (id, title, ...children) => {
  const section = M.el('section', {id, 'aria-labelledby': `${id}-title`},
    M.el('h2', {id: `${id}-title`}, title), ...children);
  M.page.append(section);
  return section;
};

// --- numbers

M.digits = (value, count = 3) => {
  if (value == null || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e6 || size < 1e-4) return value.toExponential(count - 1).replace('e+', 'e');
  return value.toFixed(Math.max(0, Math.min(8, count - 1 - Math.floor(Math.log10(size)))));
};
M.seconds = (value, count = 3) => {
  if (value == null || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size < 5e-10) return '0 s';
  for (const [least, unit, factor] of [[600, 'min', 60], [1, 's', 1], [1e-3, 'ms', 1e-3], [1e-6, 'µs', 1e-6]]) {
    if (size >= least * 0.9995) return `${M.digits(value / factor, count)} ${unit}`;
  }
  return `${M.digits(value / 1e-9, count)} ns`;
};
// An instant with as many digits as the span in view needs.
M.instant = (value, span) => {
  const decimals = Math.max(0, Math.min(9, 3 - Math.floor(Math.log10(Math.max(span, 1e-9)))));
  return `${value.toFixed(decimals)} s`;
};
M.bytes = (value) => {
  for (const [least, unit] of [[1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB']]) {
    if (value >= least) return `${M.digits(value / least)} ${unit}`;
  }
  return value == null ? '–' : `${value} B`;
};
M.percent = (share) => share == null || !Number.isFinite(share) ? '–' : `${M.digits(100 * share)} %`;

// --- colours: those of devices and links come with the data, for light and for dark

M.css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
M.dark = () => document.documentElement.dataset.theme === 'dark'
  || (document.documentElement.dataset.theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
M.colour = (name) => (M.data.colours[name] || M.data.colours[''])[M.dark() ? 1 : 0];
M.link_name = (from, to) => `${from} → ${to}`;
M.ink_on = (colour) => {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? '#000000' : '#ffffff';
};
// `colour`: a key of the data's colours, or a colour itself.
M.swatch = (colour, dash = 0, box = false) => {
  const swatch = M.el('span', {class: `swatch ${box ? 'box' : ''} ${['', 'dashed', 'dotted'][dash % 3]}`, 'aria-hidden': 'true'});
  swatch.dataset.colour = colour;
  M.dye(swatch);
  return swatch;
};
M.dye = (swatch) => {
  const colour = swatch.dataset.colour.startsWith('#') ? swatch.dataset.colour : M.colour(swatch.dataset.colour);
  swatch.style[swatch.classList.contains('box') ? 'background' : 'borderTopColor'] = colour;
};
M.DASHES = [[], [7, 4], [2, 3]];

// --- everything that draws, draws again when something changed

M.painters = [];
M.paint = () => {
  if (M.pending) return;
  M.pending = requestAnimationFrame(() => {
    M.pending = 0;
    for (const painter of M.painters) painter();
  });
};
M.theme_changed = [];

// --- a canvas that fits its place on any screen

M.canvas = (height, label) => {
  const canvas = M.el('canvas', {tabindex: '0', role: 'img', 'aria-label': label, style: {height: `${height}px`}});
  const chart = M.el('div', {class: 'chart'}, canvas);
  const begin = () => {
    const scale = window.devicePixelRatio || 1;
    const width = Math.max(120, canvas.clientWidth);
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const pen = canvas.getContext('2d');
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = '12px system-ui, "DejaVu Sans", sans-serif';
    pen.lineWidth = 1;
    return {pen, width, height};
  };
  return {canvas, chart, begin};
};

M.ticks = (low, high, count) => {
  const raw = (high - low) / Math.max(1, count);
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= raw * 0.999);
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-6; at += step) ticks.push(at);
  return ticks;
};
M.log_ticks = (low, high) => {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const each of high / low > 300 ? [1] : [1, 2, 5]) {
      const at = each * 10 ** power;
      if (at >= low * 0.999 && at <= high * 1.001) ticks.push(at);
    }
  }
  return ticks;
};

// --- the one tooltip

M.tip = M.el('div', {class: 'tip', hidden: true, role: 'status'});
document.body.append(M.tip);
M.show_tip = (event, text) => {
  M.tip.textContent = text;
  M.tip.hidden = false;
  const box = M.tip.getBoundingClientRect();
  const x = Math.min(event.clientX + 14, innerWidth - box.width - 6);
  const y = event.clientY + 16 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 16;
  M.tip.style.left = `${Math.max(4, x)}px`;
  M.tip.style.top = `${Math.max(4, y)}px`;
};
M.hide_tip = () => { M.tip.hidden = true; };

// The last index whose value is <= at, or -1.
M.last_at = (values, at, low = 0, high = values.length) => {
  const first = low;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= at) low = middle + 1; else high = middle;
  }
  return low > first ? low - 1 : -1;
};

// A table: headers [text, is it a number], rows of texts or elements.
M.table = (headers, rows, caption) => M.el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption},
  M.el('table', {},
    M.el('thead', {}, M.el('tr', {}, headers.map(([text, number]) => M.el('th', {class: number ? 'n' : '', scope: 'col'}, text)))),
    M.el('tbody', {}, rows.map((cells) => M.el('tr', {}, cells.map((cell, at) =>
      M.el('td', {class: headers[at][1] ? 'n' : ''}, cell instanceof Node ? cell : String(cell ?? '–'))))))));
