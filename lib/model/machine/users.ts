/** The user that DigitalOcean's metrics agent runs as (its package, packaging/scripts/after_install.sh). */
export const metricsAgentUser = 'do-agent';
