(() => {
  const models = JSON.parse(document.getElementById("models").textContent);
  const box = document.getElementById("search"), list = document.getElementById("found"), said = document.getElementById("said");
  const texts = models.map(model => model.join(" ").toLowerCase());
  document.getElementById("searching").hidden = false;
  const show = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    list.replaceChildren();
    if (!words.length) { said.textContent = ""; return; }
    let count = 0;
    for (let n = 0; n < models.length; n++) {
      if (!words.every(word => texts[n].includes(word))) continue;
      if (count++ >= 100) continue;
      const item = document.createElement("li"), link = document.createElement("a");
      link.href = "models/" + encodeURIComponent(models[n][0]) + ".html";
      link.textContent = models[n][0];
      item.append(link, " " + models[n].slice(1).filter(Boolean).join(" · "));
      list.append(item);
    }
    said.textContent = count + (count === 1 ? " model" : " models") + (count > 100 ? ", the first 100:" : "");
  };
  box.addEventListener("input", show);
  show();
})();
