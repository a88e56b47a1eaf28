/** The browser as a source: plugins/interceptor. */
export { default } from '../interceptor/browser.ts'
