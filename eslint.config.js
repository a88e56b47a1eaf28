// Only the rules that need types; formatting and everything else is biome's.
import tseslint from 'typescript-eslint'

export default tseslint.config({
  files: ['{daemon,sdk,plugins,tests,bench,docs,examples}/**/*.ts'],
  plugins: { '@typescript-eslint': tseslint.plugin },
  languageOptions: {
    parser: tseslint.parser,
    parserOptions: { project: ['./tsconfig.json', './plugins/interceptor/extension/tsconfig.json'] },
  },
  rules: {
    '@typescript-eslint/no-floating-promises': 'error',
    '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false, attributes: false } }],
    '@typescript-eslint/await-thenable': 'error',
    '@typescript-eslint/switch-exhaustiveness-check': 'error',
  },
})
