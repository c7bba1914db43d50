// Builds what the pages load. Templates name the entries (`{% vite_asset 'frontend/shop.js' %}`); the manifest says
// which hashed files those became.
import tailwindcss from "@tailwindcss/vite";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  base: "/static/dist/",
  publicDir: false,
  plugins: [tailwindcss()],
  build: {
    emptyOutDir: true,
    manifest: "manifest.json",
    outDir: "omni/static/dist",
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: [
        "frontend/shop.js",
        "frontend/desk.js",
        "frontend/finder.js",
        "frontend/hq.js",
        "frontend/passkeys.js",
        "frontend/track.js",
      ],
    },
  },
});
