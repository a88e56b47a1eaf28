/** A Postman Collection v2.1.0 (https://schema.postman.com): for Postman, newman and what else reads it. */
import { defineExporter } from '../../sdk/plugin.ts'
import { CollectionWriter } from './postman/writer.ts'

const postman = defineExporter({
  kind: 'exporter',
  name: 'postman',
  version: '0.1.0',
  api: 1,
  description: 'A Postman collection (v2.1) with the responses as examples, which newman runs',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      title: { type: 'string', description: "Of the collection; the session's name when absent." },
      folders: { enum: ['host', 'path', 'both', 'none'], description: 'What a folder stands for; both (paths in hosts) when absent.' },
      deduplicate: {
        enum: ['request', 'endpoint', 'none'],
        description:
          'Which requests become one with several examples. request (when absent): those that are equal in method, URL and body. endpoint: those that differ only in ids, query, and body.',
      },
      examples: { type: 'integer', minimum: 0, maximum: 1000, description: 'Of one request, at most, each another; 10 when absent.' },
      maxBodyBytes: {
        type: 'integer',
        minimum: 0,
        description: 'Exchanges with a larger request body are left out, larger response bodies too; 8388608 when absent.',
      },
    },
  },
  create({ title, folders = 'both', deduplicate = 'request', examples = 10, maxBodyBytes = 8 * 1024 * 1024 }, { dataDir }) {
    return {
      run: ({ session, exchanges, out, signal, leaveOut }) =>
        new CollectionWriter(out, { title: title ?? session.name, folders, deduplicate, examples, maxBodyBytes, folder: dataDir }).write(
          exchanges,
          leaveOut,
          signal,
        ),
    }
  },
})

export default postman
