import type { Resource, Stack } from '../stack.ts';
import { isGone } from './firewalls.ts';

/** Types of DigitalOcean that run programs or open ports, beside those that rules look at. */
const digitalOcean = /^digitalocean_(?:app|kubernetes_cluster|kubernetes_node_pool|genai_agent)$/;

/** Words in the names of types, by every provider, of what lets traffic in or runs programs. */
const words = [
  'firewall|security_groups?|secgroup|security_list|security_rule|network_acl|nsg|port_forward|forwarding_rule',
  'load_?balancer|nodebalancer|lb|nlb|alb|elb|ingress|inbound|tunnel|apigateway|apigatewayv2|api_gateway',
  'instances?|server|vm|virtual_machine|machine|container|pod|deployment|stateful_set|daemon_?set|replica_set',
  'helm_release|node_pool|node_group|cluster|task_definition|launch_template|launch_configuration',
  'autoscaling_group|scale_set|metal_device|cloud_run|lambda|(?:kubernetes|docker|ecs|run)_service|manifest',
  'libvirt_domain|nomad_job|web_app',
];
const reaching = new RegExp(`(?:^|_)(?:${words.join('|')})(?:_|$)`);

/** Last words of types that only name, join or watch such resources. */
const harmless =
  /_(?:attachment|association|membership|alarm|alert|snapshot|backup|policy|role|profile|permission|binding|target_group|key|certificate|user|tags?|account|registry|project|volume|network|ip|secret|config_map|namespace|check|record)(?:_v\d+)?$/;

/** Whether a resource opens ports or runs programs, and is of a type that no rule knows. */
function isForeign({ type, isData }: Resource): boolean {
  if (isData) return false;
  if (type.startsWith('digitalocean_')) return digitalOcean.test(type);
  return reaching.test(type) && !harmless.test(type);
}

/** Resources that open ports or run programs, of types that no rule knows. */
export function foreignResources(stack: Stack): Resource[] {
  return stack.resources.filter((resource) => !isGone(resource) && isForeign(resource));
}
