// Parallel coordinates with a range per axis, and the table of the cells within all ranges.
M.sweep_parallel = (state, axes, listeners, changed) => {
  const height = 340, top = 44, bottom = height - 16;
  const {canvas, chart, begin} = M.canvas(height, 'Parallel coordinates: a line for each cell over keys and figures. Drag along an axis to choose a range; the fields below do the same.');
  const clear = M.el('button', {type: 'button', onclick: () => { axes.forEach((axis) => { axis.brush = null; }); show_fields(); changed(); }}, 'all cells');
  const count = M.el('span', {role: 'status'});
  const fields = M.el('details', {}, M.el('summary', {}, 'Choose ranges by keyboard'));
  const grid = M.el('div', {class: 'row'});
  fields.append(grid);
  M.section('parallel', 'Parallel coordinates', M.el('p', {class: 'quiet small'}, 'Drag along an axis to keep the cells within that range; press on an axis to lift its range.'),
    M.el('div', {class: 'row'}, clear, count), chart, fields);
  const show_fields = () => grid.replaceChildren(...axes.map((axis) => {
    const box = (at) => {
      const input = M.el('input', {type: 'number', step: 'any', 'aria-label': `${axis.label}, ${at ? 'highest' : 'lowest'}`, style: {width: '7em'}, value: axis.brush ? axis.brush[at] : '', onchange: () => {
        axis.brush = axis.brush || [-Infinity, Infinity];
        axis.brush[at] = input.value === '' ? (at ? Infinity : -Infinity) : +input.value;
        changed();
      }});
      return input;
    };
    return M.el('span', {}, axis.label, axis.ordinal ? ` (${axis.words.slice(0, 6).map((word, at) => `${at}: ${word}`).join(', ')}) ` : ' ', box(0), ' to ', box(1));
  }));
  show_fields();
  const x_of = (at, width) => axes.length < 2 ? width / 2 : 60 + (width - 120) * at / (axes.length - 1);
  const share = (axis, value) => {
    if (axis.high === axis.low) return 0.5;
    return axis.log ? Math.log(value / axis.low) / Math.log(axis.high / axis.low) : (value - axis.low) / (axis.high - axis.low);
  };
  const y_of = (axis, value) => bottom - (bottom - top) * Math.min(1, Math.max(0, share(axis, value)));
  const value_at = (axis, y) => {
    const part = Math.min(1, Math.max(0, (bottom - y) / (bottom - top)));
    return axis.log ? axis.low * (axis.high / axis.low) ** part : axis.low + part * (axis.high - axis.low);
  };
  listeners.push(() => { count.textContent = `${state.kept.reduce((sum, each) => sum + each, 0)} of ${M.data.count} cells`; });
  // Lines go to a layer of their own, over several frames where they are many; axes and ranges lie above it.
  const layer = document.createElement('canvas');
  let drawn = '', places = [], queue = [];
  const trace = (pen, rows, width) => {
    for (let first = 0; first < rows.length; first += 32) {
      pen.beginPath();
      for (const i of rows.slice(first, first + 32)) {
        let down = false;
        for (let at = 0; at < axes.length; at++) {
          const y = places[at][i];
          if (Number.isNaN(y)) { down = false; continue; }
          if (down) pen.lineTo(x_of(at, width), y); else pen.moveTo(x_of(at, width), y);
          down = true;
        }
      }
      pen.stroke();
    }
  };
  const start_lines = (width, scale) => {
    layer.width = Math.round(width * scale);
    layer.height = Math.round(height * scale);
    layer.getContext('2d').setTransform(scale, 0, 0, scale, 0, 0);
    places = axes.map((axis) => Float32Array.from(axis.values, (value) => Number.isFinite(value) ? y_of(axis, value) : NaN));
    const out = [], by_colour = new Map();
    for (let i = 0; i < M.data.count; i++) {
      if (!state.kept[i]) { out.push(i); continue; }
      const group = state.by ? state.by.texts[i] : '';
      if (!by_colour.has(group)) by_colour.set(group, []);
      by_colour.get(group).push(i);
    }
    queue = [];
    const add = (rows, colour, alpha) => { for (let at = 0; at < rows.length; at += 400) queue.push([rows.slice(at, at + 400), colour, alpha]); };
    if (out.length < 4000) add(out, M.css('--line'), 0.35);
    for (const rows of by_colour.values()) add(rows, state.colour_of(rows[0]), Math.max(0.12, Math.min(0.8, 120 / rows.length)));
  };
  const some_lines = (width) => {
    const pen = layer.getContext('2d'), begun = performance.now();
    while (queue.length && performance.now() - begun < 25) {
      const [rows, colour, alpha] = queue.shift();
      pen.globalAlpha = alpha;
      pen.strokeStyle = colour;
      trace(pen, rows, width);
    }
    if (queue.length) M.paint();
  };
  let version = 0;
  listeners.push(() => { version++; });
  M.painters.push(() => {
    const {pen, width} = begin();
    const scale = canvas.width / width, wanted = `${version} ${width} ${scale} ${M.dark()}`;
    if (drawn !== wanted) start_lines(width, scale);
    drawn = wanted;
    some_lines(width);
    pen.drawImage(layer, 0, 0, width, height);
    const path = (rows, colour) => {
      pen.strokeStyle = colour;
      trace(pen, rows, width);
    };
    if (state.chosen != null) {
      pen.lineWidth = 3;
      path([state.chosen], M.css('--ink'));
      pen.lineWidth = 1;
    }
    axes.forEach((axis, at) => {
      const x = x_of(at, width);
      pen.fillStyle = M.css('--quiet');
      pen.fillRect(x, top, 1, bottom - top);
      if (axis.brush) {
        const [high, low] = [y_of(axis, Math.min(axis.brush[1], axis.high)), y_of(axis, Math.max(axis.brush[0], axis.low))];
        pen.globalAlpha = 0.3;
        pen.fillStyle = M.css('--accent');
        pen.fillRect(x - 7, high - 2, 14, low - high + 4);
        pen.globalAlpha = 1;
      }
      pen.fillStyle = M.css('--ink');
      pen.textAlign = 'center';
      pen.textBaseline = 'alphabetic';
      const room = (width - 120) / Math.max(1, axes.length - 1) - 6;
      const words = axis.name.split('.').pop();
      const line = (text, y) => { let cut = text; while (cut.length > 3 && pen.measureText(cut).width > room) cut = `${cut.slice(0, -2)}…`; pen.fillText(cut, x, y); };
      line(words, at % 2 ? 12 : 26);
      pen.fillStyle = M.css('--quiet');
      pen.textAlign = 'left';
      const texts = axis.ordinal ? axis.words.map((word, place) => [place, word]) : [[axis.low, M.digits(axis.low)], [axis.high, M.digits(axis.high) + (axis.unit ? ` ${axis.unit}` : '')]];
      for (const [value, text] of texts.slice(0, 12)) {
        const place = y_of(axis, value) + (value === axis.low ? -3 : value === axis.high ? 4 : 4);
        pen.strokeStyle = M.css('--paper');
        pen.lineWidth = 3;
        pen.strokeText(text.slice(0, 14), x + 4, place);
        pen.lineWidth = 1;
        pen.fillText(text.slice(0, 14), x + 4, place);
      }
    });
  });
  let drag = null;
  canvas.addEventListener('pointerdown', (event) => {
    const box = canvas.getBoundingClientRect();
    const x = event.clientX - box.left;
    const nearest = axes.map((axis, at) => [Math.abs(x_of(at, box.width) - x), axis]).sort((a, b) => a[0] - b[0])[0];
    if (nearest[0] > 30) return;
    drag = {axis: nearest[1], from: event.clientY - box.top};
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!drag) return;
    const y = event.clientY - canvas.getBoundingClientRect().top;
    drag.axis.brush = [drag.from, y].map((each) => value_at(drag.axis, each)).sort((a, b) => a - b);
    M.paint();
  });
  canvas.addEventListener('pointerup', (event) => {
    if (!drag) return;
    const y = event.clientY - canvas.getBoundingClientRect().top;
    if (Math.abs(y - drag.from) < 4) drag.axis.brush = null;
    else if (drag.axis.ordinal) drag.axis.brush = [Math.round(drag.axis.brush[0] - 0.3), Math.round(drag.axis.brush[1] + 0.3)];
    drag = null;
    show_fields();
    changed();
  });
};

M.sweep_cells = (state, axes, listeners, changed) => {
  const size = 50;
  let page = 0, order = null, down = false;
  const output = M.el('div', {'aria-live': 'polite'}), where = M.el('span', {class: 'quiet'}), detail = M.el('div', {'aria-live': 'polite'});
  const before = M.el('button', {type: 'button', onclick: () => { page--; show(); }}, '◀'), after = M.el('button', {type: 'button', onclick: () => { page++; show(); }}, '▶');
  M.section('cells', 'Cells', M.el('p', {class: 'quiet small'}, 'Those within all ranges. Choose a heading to sort, a row to see its run.'), M.el('div', {class: 'row'}, before, after, where), output, detail);
  const text_of = (axis, i) => axis.key ? axis.texts[i] : M.digits(axis.values[i], 4);
  const show = () => {
    const rows = [];
    for (let i = 0; i < M.data.count; i++) if (state.kept[i]) rows.push(i);
    if (order) rows.sort((a, b) => (down ? -1 : 1) * ((Number.isFinite(order.values[a]) ? order.values[a] : Infinity) - (Number.isFinite(order.values[b]) ? order.values[b] : Infinity)) || a - b);
    const pages = Math.max(1, Math.ceil(rows.length / size));
    page = Math.min(Math.max(page, 0), pages - 1);
    before.disabled = page === 0;
    after.disabled = page === pages - 1;
    where.textContent = `${rows.length} cells, page ${page + 1} of ${pages}`;
    const shown = rows.slice(page * size, (page + 1) * size);
    const table = M.table([['cell'], ['status'], ...axes.map((axis) => [axis.short, !axis.ordinal])], shown.map((i) => [M.data.cells.name[i], M.data.cells.status[i], ...axes.map((axis) => text_of(axis, i))]), 'cells');
    table.querySelectorAll('th').forEach((head, at) => {
      if (at < 2) return;
      const axis = axes[at - 2];
      head.setAttribute('aria-sort', order === axis ? (down ? 'descending' : 'ascending') : 'none');
      head.replaceChildren(M.el('button', {type: 'button', onclick: () => { down = order === axis ? !down : false; order = axis; show(); }, title: axis.label}, axis.short + (order === axis ? (down ? ' ▼' : ' ▲') : '')));
    });
    table.querySelectorAll('tbody tr').forEach((row, at) => {
      row.className = `pick${shown[at] === state.chosen ? ' chosen' : ''}`;
      row.tabIndex = 0;
      const choose = () => { state.chosen = shown[at]; show(); M.paint(); };
      row.addEventListener('click', choose);
      row.addEventListener('keydown', (event) => { if (event.key === 'Enter') choose(); });
    });
    output.replaceChildren(table);
    detail.replaceChildren();
    const i = state.chosen;
    if (i == null) return;
    const folder = M.data.cells.folder[i];
    detail.append(M.el('h3', {}, `Cell ${M.data.cells.name[i]}, seed ${M.data.cells.seed[i] ?? '–'}`),
      M.el('p', {}, folder ? M.el('a', {href: folder.split('/').map(encodeURIComponent).join('/')}, folder.endsWith('report.html') ? 'its report' : `its run directory, ${folder}`) : 'Its run directory is not there any more.'),
      folder && !folder.endsWith('report.html') ? M.el('p', {class: 'quiet small'}, `A page of this run: millrace report ${folder}; make this page again to link to it.`) : '');
  };
  listeners.push(show);
};
