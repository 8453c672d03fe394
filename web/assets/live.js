// Keeps the numbers of an open page fresh. Without it a page is loaded anew by
// hand and says the same.
"use strict";
(() => {
  const body = document.body;
  const restMS = 10000; // at most so often is the summary said aloud
  let saidAt = 0;

  const put = (id, html) => {
    const el = document.getElementById(id);
    if (!el || el.dataset.html === html) return;
    // What has been opened stays open, and a screen of messages stays at its end.
    const open = [...el.querySelectorAll("details")].map((d) => d.open);
    el.dataset.html = html;
    el.innerHTML = html;
    el.querySelectorAll("details").forEach((d, i) => { d.open = open[i] || false; });
    if (el.getAttribute("role") === "log") el.scrollTop = el.scrollHeight;
  };

  const hear = (event) => {
    const news = JSON.parse(event.data);
    if (news.state !== body.dataset.state) {
      location.reload();
      return;
    }
    for (const [id, html] of Object.entries(news.parts)) put(id, html);
    const summary = document.getElementById("summary");
    if (summary && news.summary && summary.textContent !== news.summary && Date.now() - saidAt > restMS) {
      saidAt = Date.now();
      summary.textContent = news.summary;
    }
    body.dataset.live = "yes";
  };

  const log = document.querySelector("[role=log]");
  if (log) log.scrollTop = log.scrollHeight;
  const source = new EventSource(body.dataset.events);
  source.addEventListener("message", hear);
  window.addEventListener("pagehide", () => source.close());
})();
