// The store's pages, on a tablet that stays on all day.
import "./app.js";
