// The shop's pages.
import "./app.js";
