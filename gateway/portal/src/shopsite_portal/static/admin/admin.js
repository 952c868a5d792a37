// Three conveniences. Every form works without them.
"use strict";

const menu = document.querySelector("button.menu");
menu?.addEventListener("click", () => {
  const open = menu.getAttribute("aria-expanded") !== "true";
  menu.setAttribute("aria-expanded", String(open));
});

for (const all of document.querySelectorAll("input[data-all]")) {
  all.addEventListener("change", () => {
    for (const box of all.form.elements[all.dataset.all] instanceof RadioNodeList
      ? all.form.elements[all.dataset.all]
      : [all.form.elements[all.dataset.all]]) box.checked = all.checked;
  });
}

for (const input of document.querySelectorAll("input[data-preview]")) {
  input.addEventListener("change", () => {
    const picture = document.getElementById(input.dataset.preview);
    if (picture.src) URL.revokeObjectURL(picture.src);
    const [file] = input.files;
    picture.hidden = !file;
    if (file) picture.src = URL.createObjectURL(file);
  });
}
