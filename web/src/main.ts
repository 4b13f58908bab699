import '@fontsource-variable/stack-sans-text'
import './tokens.css'
import './base.css'
import { mount } from 'svelte'
import App from './App.svelte'
import { clock } from './lib/clock.svelte'
import { live } from './lib/live.svelte'
import { route } from './lib/router.svelte'
import { look } from './lib/theme.svelte'

look.start()
route.listen()
clock.start()
live.listen()
mount(App, { target: document.body })
