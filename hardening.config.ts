import { defineConfig } from './lib/index.ts';

export default defineConfig({
  stacks: {
    production: {
      gateway: { serverNames: ['models.example.com'] },
      services: {
        // LiveReview's Ollama connector: lists models and streams reviews.
        'live-review': { concurrentStreams: 4 },
        // Jobs that review a merge request before a person does.
        ci: { rate: { requestsPerSecond: 2, burst: 20 } },
        // A dashboard that shows which models are loaded, and can make none of them work.
        dashboard: { routes: ['GET /api/version', 'GET /api/tags', 'GET /api/ps'] },
      },
      ollama: { models: [{ name: 'qwen2.5-coder:7b' }] },
    },
  },
});
