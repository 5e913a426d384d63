
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
