// Sorts a table by the heading that is pressed: upwards, downwards, then as it was. What is absent stays last.
const next = { none: "ascending", ascending: "descending", descending: "none" };
const number = /^[-+]?[\d,]*\.?\d+(e[-+]?\d+)?(%| to .*)?$/;

for (const table of document.querySelectorAll("table.sorted")) {
  const [body] = table.tBodies, rows = [...body.rows], headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, place) => {
    const said = (row) => row.cells[place].textContent;
    const [known, absent] = [rows.filter((row) => said(row) !== "-"), rows.filter((row) => said(row) === "-")];
    const figure = (row) => parseFloat(said(row).replaceAll(",", ""));
    const rise = known.every((row) => number.test(said(row)))
      ? (one, other) => figure(one) - figure(other)
      : (one, other) => said(one).localeCompare(said(other), "en", { numeric: true });
    const ordered = {
      none: () => rows,
      ascending: () => [...known.slice().sort(rise), ...absent],
      descending: () => [...known.slice().sort((one, other) => rise(other, one)), ...absent],
    };
    const button = document.createElement("button");
    button.append(...heading.childNodes);
    heading.append(button);
    heading.setAttribute("aria-sort", "none");
    button.onclick = () => {
      const way = next[heading.getAttribute("aria-sort")];
      headings.forEach((each) => each.setAttribute("aria-sort", each === heading ? way : "none"));
      body.append(...ordered[way]());
    };
  });
}
