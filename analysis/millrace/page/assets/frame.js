// The frame of every page: the bar on top with its keys, the theme, the end of loading.
M.frame = (title, sections, buttons) => {
  document.title = title;
  const theme = M.el('button', {type: 'button', onclick: () => {
    document.documentElement.dataset.theme = M.dark() ? 'light' : 'dark';
    M.repaint();
  }}, 'light / dark');
  const bar = M.el('nav', {class: 'bar', 'aria-label': 'page'}, M.el('div', {class: 'links'},
    sections.map(([id, name]) => M.el('a', {href: `#${id}`}, name))), buttons, theme);
  M.page.before(bar);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', M.repaint);
  addEventListener('resize', M.paint);
  addEventListener('beforeprint', () => { for (const painter of M.painters) painter(); });
};
M.repaint = () => {
  document.querySelectorAll('.swatch').forEach(M.dye);
  for (const listener of M.theme_changed) listener();
  M.paint();
};
M.zoom_buttons = () => [['−', 'zoom out', () => M.zoom(1 / 0.6)], ['+', 'zoom in', () => M.zoom(0.6)], ['◀', 'earlier', () => M.pan(-0.3)],
  ['▶', 'later', () => M.pan(0.3)], ['all', 'whole run', () => M.zoom_to(...M.axis.full)]].map(([text, label, action]) =>
  M.el('button', {type: 'button', 'aria-label': label, title: label, onclick: action}, text));
