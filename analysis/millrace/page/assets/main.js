if (M.data.kind === 'sweep') M.sweep_page(); else M.runs_page();
document.documentElement.dataset.ready = 'true';
