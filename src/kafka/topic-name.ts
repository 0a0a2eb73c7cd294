/** Whether Kafka could have a topic of that name (Topic.validate). Others are not even asked about: brokers drop such requests. */
export function isTopicName(name: string): boolean {
  return /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/.test(name);
}
