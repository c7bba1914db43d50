// The head office's pages.
import "./app.js";
