// Before the first paint, so that a reader who has chosen a theme sees no other.
try {
  const theme = localStorage.getItem('theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is refused here: the page follows the system.
}
